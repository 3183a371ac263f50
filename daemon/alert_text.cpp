#include "daemon/alert_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "config/clock.hpp"
#include "config/duration.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_evidence = 2048;

std::string decimal(double value, const char* format) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

/// A number as its signal's unit: a share in percent, an age as a duration. "" for none.
std::string in_words(Signal::Kind kind, std::optional<double> number) {
  if (!number) return "";
  const double value = *number;
  switch (kind) {
    case Signal::Kind::ratio:
    case Signal::Kind::share:
      return decimal(value * 100, "%.0f%%");
    case Signal::Kind::quantile:
      return decimal(value, "%.2f s");
    case Signal::Kind::age:
    case Signal::Kind::remaining:
    case Signal::Kind::stale: {
      if (value < 0) return "less than nothing";
      const double day = 86400;
      if (value >= 2 * day) return decimal(value / day, "%.0f days");
      return format_duration(std::chrono::seconds{std::llround(value)});
    }
    case Signal::Kind::check:
    case Signal::Kind::value:
    case Signal::Kind::increase:
    case Signal::Kind::flips:
    case Signal::Kind::count:
    case Signal::Kind::always:
    case Signal::Kind::reason:
      break;
  }
  return decimal(value, "%g");
}

}  // namespace

std::string expand(const AlertRule& rule, const WatchedProbe& probe, const Reading& reading) {
  const std::pair<std::string_view, std::string> words[] = {
      {"probe", probe.name},
      {"target", probe.target},
      {"reason", std::string{to_string(reading.reason)}},
      {"detail", reading.detail},
      {"value", in_words(rule.signal.kind, reading.value)},
      {"threshold", in_words(rule.signal.kind, reading.threshold)},
      {rule.label, reading.label_value},
  };
  std::string text;
  std::string_view rest = rule.description;
  while (!rest.empty()) {
    const auto open = std::min(rest.find('{'), rest.size());
    text += rest.substr(0, open);
    rest.remove_prefix(open);
    const auto close = rest.find('}');
    if (close == std::string_view::npos) break;
    const auto name = rest.substr(1, close - 1);
    for (const auto& [word, replacement] : words)
      if (!word.empty() && word == name) text += replacement;
    rest.remove_prefix(close + 1);
  }
  return text.append(rest);
}

std::string evidence_text(const Outcome& outcome) {
  const auto& result = outcome.result;
  std::string text = "at " + rfc3339(outcome.at) + ": " + std::string{to_string(result.status)};
  if (result.reason != Reason::none) text += ", reason " + std::string{to_string(result.reason)};
  if (!result.detail.empty()) text += " (" + result.detail + ")";
  text += "; took " + decimal(std::chrono::duration<double>(outcome.took).count(), "%.3f s");
  for (std::size_t i = 0; i < phase_count; ++i)
    if (const auto& spent = result.phases.seconds[i])
      text += "; " + std::string{to_string(static_cast<Phase>(i))} + " " + decimal(*spent, "%.3f s");
  for (const auto& check : result.checks)
    text += "; check " + check.name + " " + std::string{to_string(check.status)};
  for (const auto& [key, value] : result.evidence) text += "; " + key + "=" + value;
  if (text.size() > most_evidence) text.resize(most_evidence);
  return text;
}

std::vector<std::pair<std::string, std::string>> server_facts(const ProbeResult& result) {
  constexpr std::array told{"version", "celery", "role", "certificate_serial", "certificate_subject"};
  std::vector<std::pair<std::string, std::string>> facts;
  for (const auto& [name, value] : result.evidence)
    if (std::ranges::find(told, name) != told.end()) facts.emplace_back(name, value);
  for (const auto& sample : result.samples) {
    if (!sample.name.ends_with("_start_time_seconds")) continue;
    // Redis tells its age in whole seconds, so the moment of its start wavers.
    constexpr double grain = 10;
    const std::chrono::seconds moment{std::llround(sample.value / grain) * std::llround(grain)};
    facts.emplace_back("started", rfc3339(std::chrono::system_clock::time_point{moment}));
  }
  return facts;
}

std::string changed_facts(const std::vector<std::pair<std::string, std::string>>& before,
                          const std::vector<std::pair<std::string, std::string>>& now) {
  std::string text;
  for (const auto& [name, value] : now) {
    const auto known = std::ranges::find(before, name, &std::pair<std::string, std::string>::first);
    if (known == before.end() || known->second == value) continue;
    text += (text.empty() ? "" : ", ") + name + " " + known->second + " -> " + value;
  }
  return text;
}

}  // namespace healthd
