#include "daemon/probe_report.hpp"

#include <algorithm>
#include <cctype>
#include <iomanip>
#include <ostream>

#include "exporters/status_json.hpp"

namespace healthd {
namespace {

/// Text from a target on a terminal: control characters must not act.
std::string printable(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += std::iscntrl(static_cast<unsigned char>(c)) != 0 ? ' ' : c;
  return safe;
}

std::string milliseconds(double seconds) {
  std::string text = std::to_string(seconds * 1000);
  return text.substr(0, text.find('.') + 2) + " ms";
}

std::string headline(const ProbeResult& result) {
  std::string text{to_string(result.status)};
  if (result.reason != Reason::none) text += " (" + std::string{to_string(result.reason)} + ")";
  if (!result.detail.empty()) text += ": " + printable(result.detail);
  return text;
}

void explain(std::ostream& out, const ProbeView& view) {
  const auto& result = view.last->result;
  for (const auto& check : result.checks) {
    out << "    check " << std::left << std::setw(12) << check.name << " " << to_string(check.status);
    if (check.reason != Reason::none) out << " (" << to_string(check.reason) << ")";
    if (!check.detail.empty()) out << ": " << printable(check.detail);
    out << '\n';
  }
  for (std::size_t i = 0; i < phase_count; ++i)
    if (const auto& spent = result.phases.seconds[i])
      out << "    phase " << std::setw(12) << to_string(static_cast<Phase>(i)) << " " << milliseconds(*spent)
          << '\n';
  for (const auto& [key, value] : result.evidence) out << "    " << key << ": " << printable(value) << '\n';
  for (const auto& sample : result.samples) {
    out << "    " << sample.name;
    for (const auto& [label, value] : sample.labels) out << " " << label << "=" << printable(value);
    out << " " << sample.value << '\n';
  }
}

void print_text(std::ostream& out, const std::vector<ProbeView>& views, bool explained) {
  std::size_t width = 0;
  for (const auto& view : views) width = std::max(width, view.name.size());
  for (const auto& view : views) {
    const auto took = std::chrono::duration<double>(view.last->took).count();
    out << std::left << std::setw(static_cast<int>(width)) << view.name << "  " << headline(view.last->result)
        << "  [" << view.target << ", " << milliseconds(took) << "]\n";
    if (explained) explain(out, view);
  }
}

/// A bar would end the text and begin the figures.
std::string without_bars(std::string text) {
  std::ranges::replace(text, '|', '/');
  return text;
}

/// One line, and performance data behind a bar, as Nagios plugins print it.
void print_nagios(std::ostream& out, const std::string& stack, const std::vector<ProbeView>& views) {
  constexpr const char* words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
  const Status all = worst(views);
  out << "SUPERSET " << words[static_cast<std::size_t>(all)] << " - " << stack;
  for (const auto& view : views)
    if (view.last->result.status != Status::up)
      out << "; " << view.name << " " << without_bars(headline(view.last->result));
  out << " |";
  for (const auto& view : views)
    out << " " << view.name << "=" << std::chrono::duration<double>(view.last->took).count() << "s";
  out << '\n';
}

}  // namespace

Status worst(const std::vector<ProbeView>& views) {
  const auto waits = [](const ProbeView& view) { return view.last->result.waiting; };
  if (std::ranges::all_of(views, waits)) return Status::unknown;
  Status all = Status::up;
  for (const auto& view : views)
    if (!waits(view)) all = worse(all, view.last->result.status);
  return all;
}

void print_probes(std::ostream& out, const std::string& stack, const std::vector<ProbeView>& views,
                  const ProbeRequest& request) {
  switch (request.output) {
    case ProbeOutput::text:
      return print_text(out, views, request.explain);
    case ProbeOutput::json:
      out << probe_json(stack, views) << '\n';
      return;
    case ProbeOutput::nagios:
      return print_nagios(out, stack, views);
  }
}

}  // namespace healthd
