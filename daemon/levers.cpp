#include "daemon/levers.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <random>

#include "config/clock.hpp"
#include "config/problem.hpp"
#include "daemon/levers_text.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_levers = 256;
constexpr std::size_t most_matchers = 32;
constexpr std::size_t longest_text = 512;
constexpr std::chrono::hours longest{24 * 30};

std::shared_ptr<const re2::RE2> compiled(const std::string& expression) {
  RE2::Options options{RE2::Quiet};
  options.set_max_mem(1 << 20);
  return std::make_shared<const RE2>(expression, options);
}

bool is_expression(const std::string& wanted) { return wanted.starts_with('~'); }

/// Of a label's value; without the label it is "".
bool matches(const std::string& wanted, const std::string& value) {
  return is_expression(wanted) ? RE2::FullMatch(value, *compiled(wanted.substr(1))) : wanted == value;
}

bool concerns(const std::vector<std::string>& components, const LabelMap& labels) {
  return components.empty() || std::ranges::find(components, labels.at("component")) != components.end();
}

std::string in_words(const char* what, const std::string& id, const std::string& author,
                     const std::string& why) {
  return std::string{what} + " " + id + " by " + author + (why.empty() ? "" : ": " + why);
}

std::string wrong_span(std::chrono::seconds span) {
  if (span <= std::chrono::seconds{0}) return "it has to last for some time";
  if (span > longest) return "it may last for 30 days at most";
  return "";
}

/// One line of bounded length: it is shown in alerts, logs and terminals.
std::string one_line(std::string text) {
  if (text.size() > longest_text) text.resize(longest_text);
  std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return text;
}

/// What alerts can carry. A silence of any other label would be taken, listed, and hold nothing back.
constexpr std::array<std::string_view, 11> alert_labels{"alertname", "stack",    "component", "probe",
                                                        "severity",  "queue",    "worker",    "check",
                                                        "slot",      "receiver", "collector"};

std::string unknown_label(const std::string& label) {
  std::string all;
  for (const auto& known : alert_labels) all += " " + std::string{known};
  return "no alert has a label " + in_quotes(label) + "; there are" + all;
}

std::string wrong_matcher(const std::string& label, const std::string& value) {
  if (label.empty() || label.size() > longest_text || value.size() > longest_text)
    return "a label and its value have at most 512 characters, and a label at least one";
  if (std::ranges::find(alert_labels, label) == alert_labels.end()) return unknown_label(label);
  if (!is_expression(value)) return "";
  const auto expression = compiled(value.substr(1));
  return expression->ok() ? "" : "no regular expression: " + value.substr(1) + ": " + expression->error();
}

std::string wrong_matchers(const LabelMap& matchers) {
  if (matchers.empty()) return "a silence needs at least one label=value, such as alertname=RedisDown";
  if (matchers.size() > most_matchers) return "a silence has at most 32 matchers";
  for (const auto& [label, value] : matchers)
    if (auto wrong = wrong_matcher(label, value); !wrong.empty()) return wrong;
  // One mistaken `worker=` would mute nearly all there is.
  if (std::ranges::all_of(matchers, [](const auto& each) { return matches(each.second, ""); }))
    return "this would also hold back whatever lacks the label; maintenance holds back everything";
  return "";
}

}  // namespace

Levers::Levers(std::vector<MaintenanceConfig> windows) : windows_{std::move(windows)} {}

/// Expressions are compiled once, not for each alert and second.
void Levers::compile_expressions() {
  std::map<std::string, std::shared_ptr<const re2::RE2>> wanted;
  for (const auto& [id, silence] : silences_)
    for (const auto& [label, value] : silence.matchers) {
      if (!is_expression(value)) continue;
      const auto known = expressions_.find(value);
      wanted[value] = known == expressions_.end() ? compiled(value.substr(1)) : known->second;
    }
  expressions_ = std::move(wanted);
}

bool Levers::applies(const Silence& silence, const LabelMap& labels) const {
  return std::ranges::all_of(silence.matchers, [&](const auto& matcher) {
    const auto label = labels.find(matcher.first);
    const auto& value = label == labels.end() ? std::string{} : label->second;
    const auto expression = expressions_.find(matcher.second);
    return expression == expressions_.end() ? matcher.second == value
                                            : RE2::FullMatch(value, *expression->second);
  });
}

std::string Levers::holds(const LabelMap& labels, Time now) const {
  for (const auto& [id, silence] : silences_)
    if (now < silence.ends_at && applies(silence, labels))
      return in_words("silence", id, silence.author, silence.comment);
  if (labels.at("component") == "healthd") return "";  // we are not what is being maintained
  for (const auto& [id, maintenance] : maintenances_)
    if (now < maintenance.ends_at && concerns(maintenance.components, labels))
      return in_words("maintenance", id, maintenance.author, maintenance.reason);
  for (const auto& window : windows_)
    if (concerns(window.components, labels) && window_holds(window, now))
      return "maintenance " + window.name + (window.reason.empty() ? "" : ": " + window.reason);
  return "";
}

/// The newest minute that the schedule named and since which no more than the duration has passed.
std::optional<Levers::Time> Levers::window_began(const MaintenanceConfig& window, Time now) const {
  const auto minute = std::chrono::floor<std::chrono::minutes>(now);
  for (auto start = minute; now - start < window.duration; start -= std::chrono::minutes{1}) {
    const auto time = std::chrono::system_clock::to_time_t(start);
    std::tm parts{};
    if (window.utc) ::gmtime_r(&time, &parts);
    if (!window.utc) ::localtime_r(&time, &parts);
    if (window.schedule.matches(parts)) return start;
  }
  return std::nullopt;
}

std::string Levers::new_id(char kind) {
  static thread_local std::mt19937 source{std::random_device{}()};
  for (;;) {
    std::string id{kind};
    for (int i = 0; i < 6; ++i) id += "0123456789abcdef"[source() % 16];
    if (!silences_.contains(id) && !maintenances_.contains(id)) return id;
  }
}

Levers::Answer Levers::add_silence(LabelMap matchers, std::chrono::seconds span, std::string author,
                                   std::string comment, Time now) {
  if (auto wrong = wrong_matchers(matchers); !wrong.empty()) return {"", std::move(wrong)};
  if (auto wrong = wrong_span(span); !wrong.empty()) return {"", std::move(wrong)};
  if (silences_.size() >= most_levers) return {"", "there are 256 silences already; expire some"};
  Silence made{new_id('s'), std::move(matchers),         now,
               now + span,  one_line(std::move(author)), one_line(std::move(comment))};
  const auto id = made.id;
  silences_.emplace(id, std::move(made));
  compile_expressions();
  touch(id, true);
  return {id, ""};
}

Levers::Answer Levers::expire_silence(const std::string& id) {
  if (silences_.erase(id) == 0) return {"", "there is no silence " + id};
  compile_expressions();
  touch(id, false);
  return {id, ""};
}

Levers::Answer Levers::start_maintenance(std::chrono::seconds span, std::string reason, std::string author,
                                         std::vector<std::string> components, Time now) {
  if (auto wrong = wrong_span(span); !wrong.empty()) return {"", std::move(wrong)};
  if (maintenances_.size() >= most_levers) return {"", "there are 256 maintenance windows already; end some"};
  Maintenance made{
      new_id('m'),          now, now + span, one_line(std::move(author)), one_line(std::move(reason)),
      std::move(components)};
  const auto id = made.id;
  maintenances_.emplace(id, std::move(made));
  touch(id, true);
  return {id, ""};
}

Levers::Answer Levers::end_maintenance(const std::string& wanted) {
  auto id = wanted;
  if (id.empty() && maintenances_.empty()) return {"", "no maintenance was started by hand"};
  if (id.empty() && maintenances_.size() > 1) return {"", "there are several; say which"};
  if (id.empty()) id = maintenances_.begin()->first;
  if (maintenances_.erase(id) == 0) return {"", "there is no maintenance " + id};
  touch(id, false);
  return {id, ""};
}

std::vector<Silence> Levers::silences() const {
  std::vector<Silence> list;
  for (const auto& [id, silence] : silences_) list.push_back(silence);
  return list;
}

std::vector<Maintenance> Levers::maintenances() const {
  std::vector<Maintenance> list;
  for (const auto& [id, maintenance] : maintenances_) list.push_back(maintenance);
  return list;
}

std::vector<std::string> Levers::open_windows(Time now) const {
  std::vector<std::string> names;
  for (const auto& window : windows_)
    if (window_holds(window, now)) names.push_back(window.name);
  return names;
}

std::vector<Maintenance> Levers::windows_on(Time now) const {
  std::vector<Maintenance> on;
  for (const auto& window : windows_)
    if (const auto start = window_began(window, now))
      on.push_back({window.name, *start, *start + window.duration, "the configuration", window.reason,
                    window.components});
  return on;
}

std::vector<std::string> Levers::on(Time now) {
  std::vector<std::string> ended;
  const auto gone = std::erase_if(silences_, [&](const auto& each) {
    if (now < each.second.ends_at) return false;
    ended.push_back(in_words("silence", each.first, each.second.author, each.second.comment));
    touch(each.first, false);
    return true;
  });
  if (gone > 0) compile_expressions();
  std::erase_if(maintenances_, [&](const auto& each) {
    if (now < each.second.ends_at) return false;
    ended.push_back(in_words("maintenance", each.first, each.second.author, each.second.reason));
    touch(each.first, false);
    return true;
  });
  for (const auto& window : windows_) {
    const bool open = window_holds(window, now);
    bool& was_open = window_was_open_[window.name];
    if (was_open && !open) ended.push_back("maintenance " + window.name);
    was_open = open;
  }
  return ended;
}

std::vector<std::pair<std::string, std::optional<std::string>>> Levers::take_changed() {
  std::vector<std::pair<std::string, std::optional<std::string>>> rows;
  for (const auto& [id, kept] : changed_) {
    std::optional<std::string> body;
    if (const auto silence = silences_.find(id); kept && silence != silences_.end())
      body = to_text(silence->second);
    if (const auto maintenance = maintenances_.find(id); kept && maintenance != maintenances_.end())
      body = to_text(maintenance->second);
    rows.emplace_back(id, std::move(body));
  }
  changed_.clear();
  return rows;
}

bool Levers::restore(const std::string& body) {
  if (auto silence = silence_from_text(body)) {
    auto id = silence->id;
    silences_.insert_or_assign(std::move(id), std::move(*silence));
    compile_expressions();
    return true;
  }
  auto maintenance = maintenance_from_text(body);
  if (!maintenance) return false;
  auto id = maintenance->id;
  maintenances_.emplace(std::move(id), std::move(*maintenance));
  return true;
}

}  // namespace healthd
