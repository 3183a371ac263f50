#include "exporters/message_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace healthd {
namespace {

constexpr std::size_t most_bytes = 4096;
constexpr std::size_t most_line_bytes = 512;
constexpr std::size_t most_names = 5;
constexpr std::string_view ellipsis = "\xE2\x80\xA6";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

/// Several lines: of the control characters only the line feed stays.
std::string lines(std::string_view text) {
  auto clean = clean_utf8(text, most_bytes);
  std::erase(clean, '\r');
  std::ranges::replace_if(clean, [](char c) { return is_control(c) && c != '\n'; }, ' ');
  while (clean.ends_with('\n') || clean.ends_with(' ')) clean.pop_back();
  return clean;
}

std::string_view find(const std::map<std::string, std::string>& texts, const std::string& name) {
  const auto found = texts.find(name);
  return found == texts.end() ? std::string_view{} : std::string_view{found->second};
}

std::string_view state_of(const Message& message) {
  switch (message.kind) {
    case Message::Kind::state:
      return message.alert.state == AlertState::resolved ? "RESOLVED" : "FIRING";
    case Message::Kind::reminder:
      return "STILL FIRING";
    case Message::Kind::acknowledged:
      return "ACKNOWLEDGED";
    case Message::Kind::missed:
      return "CAME AND WENT";
  }
  std::abort();
}

bool is_link(std::string_view text) {
  const bool absolute = text.starts_with("http://") || text.starts_with("https://");
  const auto plain = [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f &&
           std::string_view{"\"<>|"}.find(c) == std::string_view::npos;
  };
  return absolute && text.size() <= 2048 && std::ranges::all_of(text, plain);
}

void add_times(MessageText& text, const Message& message, WallTime now) {
  const auto& alert = message.alert;
  const auto begin = std::min(alert.starts_at, now);
  const bool over = alert.state == AlertState::resolved;
  const auto end = over ? std::clamp(alert.ends_at.value_or(now), begin, now) : now;
  text.facts.emplace_back("Since", full_time(begin));
  if (over) text.facts.emplace_back("Until", full_time(end));
  text.facts.emplace_back(over ? "Lasted" : "For", span(end - begin));
}

}  // namespace

std::string one_line(std::string_view text, std::size_t max_bytes) {
  auto clean = clean_utf8(text, max_bytes);
  std::ranges::replace_if(clean, is_control, ' ');
  return clean;
}

std::string cut_characters(std::string_view text, std::size_t most) {
  if (static_cast<std::size_t>(std::ranges::count_if(text, begins_character)) <= most)
    return std::string{text};
  std::size_t at = 0, seen = 0;
  for (; at < text.size(); ++at)
    if (begins_character(text[at]) && ++seen == most) break;
  return std::string{text.substr(0, at)} + std::string{ellipsis};
}

MessageText message_text(const Message& message, WallTime now) {
  const auto& labels = message.alert.labels;
  const auto& annotations = message.alert.annotations;
  const auto label = [&](const char* name) { return one_line(find(labels, name), most_line_bytes); };
  MessageText text;
  text.state = state_of(message);
  text.severity = label("severity");
  text.stack = label("stack");
  text.summary = one_line(find(annotations, "summary"), most_bytes);
  text.title = text.state + ": " + label("alertname") + " (" + label("probe") + ", " + text.stack + ")";
  if (!text.summary.empty()) text.title += ": " + text.summary;
  text.facts = {{"Severity", text.severity},
                {"Stack", text.stack},
                {"Component", label("component")},
                {"Probe", label("probe")}};
  add_times(text, message, now);
  if (!message.alert.incident.empty())
    text.facts.emplace_back("Incident", one_line(message.alert.incident, most_line_bytes));
  text.description = lines(find(annotations, "description"));
  text.note = lines(message.note);
  text.first_steps = lines(find(annotations, "first_steps"));
  text.evidence = lines(find(annotations, "evidence"));
  const std::pair<std::string_view, std::string_view> links[] = {
      {"Runbook", find(annotations, "runbook_url")},
      {"Dashboard", find(annotations, "dashboard_url")},
      {"Status page", message.alert.generator_url}};
  for (const auto& [name, link] : links)
    if (is_link(link)) text.links.emplace_back(name, link);
  return text;
}

std::string count_text(const std::vector<MessageText>& texts) {
  std::vector<std::pair<std::string, int>> counts;
  std::string stacks, names;
  for (const auto& text : texts) {
    const auto known = std::ranges::find(counts, text.state, &std::pair<std::string, int>::first);
    if (known == counts.end())
      counts.emplace_back(text.state, 1);
    else
      ++known->second;
    if (stacks.empty()) stacks = text.stack;
  }
  for (std::size_t i = 0; i < std::min(texts.size(), most_names); ++i) {
    const auto begin = texts[i].state.size() + 2;
    names += (i > 0 ? ", " : "") + texts[i].title.substr(begin, texts[i].title.find(" (", begin) - begin);
  }
  if (texts.size() > most_names) names += ", and " + std::to_string(texts.size() - most_names) + " more";
  std::string line;
  for (const auto& [state, count] : counts)
    line += (line.empty() ? "" : ", ") + std::to_string(count) + " " + state;
  return line + " in " + stacks + ": " + names;
}

}  // namespace healthd
