#include "config/alerts.hpp"

#include <algorithm>
#include <array>

#include "config/alert_signal.hpp"
#include "config/load_parts.hpp"

namespace healthd {
namespace {

const std::vector<std::string> severities{"critical", "warning", "none"};
const std::vector<std::string> labels{"", "queue", "worker", "check", "slot", "receiver", "collector"};

bool is_lower(char letter) { return letter >= 'a' && letter <= 'z'; }
bool is_upper(char letter) { return letter >= 'A' && letter <= 'Z'; }

/// One capital at the start of each word, so that the name and its slug lead to each other.
bool is_camel_case(std::string_view name) {
  if (name.empty() || !is_upper(name.front()) || is_upper(name.back())) return false;
  const auto letter = [](char each) { return is_lower(each) || is_upper(each); };
  const auto capitals = [](char left, char right) { return is_upper(left) && is_upper(right); };
  return std::ranges::all_of(name, letter) && std::ranges::adjacent_find(name, capitals) == name.end();
}

std::string kebab_case(std::string_view name) {
  std::string slug;
  for (const char letter : name) {
    if (is_upper(letter) && !slug.empty()) slug += '-';
    slug += is_upper(letter) ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  return slug;
}

void read_names(Options& options, AlertRule& rule) {
  rule.name = options.require_text("alert");
  if (!rule.name.empty() && !is_camel_case(rule.name)) {
    options.error("alert", "alert: expected a name in CamelCase, got " + in_quotes(rule.name));
  }
  rule.severity = options.choice("severity", "", severities);
  if (!options.has("severity")) options.error("severity", "\"severity\" is required");
  auto parts = components();
  parts.emplace_back("any");
  rule.component = options.choice("component", "", parts);
  if (!options.has("component")) options.error("component", "\"component\" is required");
  const auto slug = kebab_case(rule.name);
  rule.runbook = options.text("runbook", slug);
  if (rule.runbook != slug) options.error("runbook", "runbook: expected " + in_quotes(slug));
  rule.label = options.choice("label", "", labels);
}

bool has_threshold(Signal::Kind kind) {
  switch (kind) {
    case Signal::Kind::value:
    case Signal::Kind::ratio:
    case Signal::Kind::age:
    case Signal::Kind::remaining:
    case Signal::Kind::increase:
    case Signal::Kind::share:
    case Signal::Kind::quantile:
    case Signal::Kind::flips:
    case Signal::Kind::count:
      return true;
    case Signal::Kind::check:
    case Signal::Kind::reason:
    case Signal::Kind::always:
    case Signal::Kind::stale:
      return false;
  }
  std::abort();
}

bool has_reason(Signal::Kind kind) { return kind == Signal::Kind::check || kind == Signal::Kind::reason; }

void read_threshold(Options& options, AlertRule& rule) {
  rule.above = options.number_or_seconds("above");
  rule.below = options.number_or_seconds("below");
  rule.below_share = options.number("below_share").value_or(0);
  const int given = options.has("above") + options.has("below");
  if (!has_threshold(rule.signal.kind)) {
    if (given > 0) options.error(options.has("above") ? "above" : "below", "this signal has no threshold");
  } else if (given != 1) {
    options.error("signal", "this signal needs a threshold: one of `above` and `below`");
  } else if (rule.signal.kind == Signal::Kind::age && rule.below) {
    options.error("below", "below: an age is too high, never too low; use `above`");
  } else if (rule.signal.kind == Signal::Kind::remaining && rule.above) {
    options.error("above", "above: what remains is too little, never too much; use `below`");
  }
  const bool shared = rule.below_share > 0 && rule.below_share < 1;
  if (options.has("below_share") && !shared)
    options.error("below_share", "below_share: expected a share between 0 and 1");
  if (shared == rule.signal.since.empty()) options.error("signal", "`since` and `below_share` go together");
}

void read_hold(Options& options, AlertRule& rule) {
  constexpr Duration longest = std::chrono::hours{24 * 7};
  rule.server_wide = options.flag("server_wide", false);
  rule.own_reasons = options.texts("own_reasons");
  if (!rule.own_reasons.empty() && !rule.server_wide)
    options.error("own_reasons",
                  "own_reasons: every reason is the probe's own unless the alert is server_wide");
  rule.windowed = options.flag("windowed", false);
  rule.independent = options.flag("independent", false);
  rule.effect_of = options.texts("effect_of");
  rule.prometheus_only = options.flag("prometheus_only", false);
  rule.hold = options.duration("for", Duration{0}, longest).value_or(Duration{0});
  if (!rule.windowed) return;
  if (options.has("for")) options.error("for", "for: a windowed alert fires by the probe's window");
  if (rule.signal.kind == Signal::Kind::stale || rule.signal.kind == Signal::Kind::always)
    options.error("windowed", "windowed: this signal has no failures to count");
}

std::vector<std::string> placeholders(const AlertRule& rule) {
  std::vector<std::string> names{"probe", "target"};
  if (has_reason(rule.signal.kind)) names.insert(names.end(), {"reason", "detail"});
  if (has_threshold(rule.signal.kind)) names.insert(names.end(), {"value", "threshold"});
  if (!rule.label.empty()) names.push_back(rule.label);
  return names;
}

void check_placeholders(Options& options, const AlertRule& rule) {
  const auto known = placeholders(rule);
  const auto& text = rule.description;
  for (auto start = text.find_first_of("{}"); start != text.npos; start = text.find_first_of("{}", start)) {
    const auto end = text.find('}', start);
    if (text[start] == '}' || end == text.npos) {
      options.error("description", "description: a brace without its other half");
      return;
    }
    const auto name = text.substr(start + 1, end - start - 1);
    if (std::ranges::find(known, name) == known.end()) {
      options.error("description",
                    "description: this alert has no {" + name + "}" + did_you_mean(name, known));
    }
    start = end + 1;
  }
}

void read_words(Options& options, AlertRule& rule) {
  rule.summary = options.require_text("summary");
  rule.description = options.require_text("description");
  if (rule.summary.find_first_of("{}\n") != rule.summary.npos) {
    options.error("summary", "summary: expected one fixed sentence without placeholders");
  }
  check_placeholders(options, rule);
}

/// An alert that is an effect of its own effect would hold back both.
bool leads_back(const std::vector<AlertRule>& rules, const std::string& from, const std::string& to,
                std::size_t depth) {
  const auto rule = std::ranges::find(rules, from, &AlertRule::name);
  if (rule == rules.end() || depth > rules.size()) return false;
  return std::ranges::any_of(rule->effect_of, [&](const std::string& cause) {
    return cause == to || leads_back(rules, cause, to, depth + 1);
  });
}

void check_causes(Options& root, const std::vector<AlertRule>& rules) {
  for (const auto& rule : rules) {
    for (const auto& cause : rule.effect_of)
      if (std::ranges::find(rules, cause, &AlertRule::name) == rules.end())
        root.error("alerts", rule.name + ": effect_of: no alert is named " + in_quotes(cause));
    if (leads_back(rules, rule.name, rule.name, 0)) root.error("alerts", rule.name + ": effect_of: a circle");
  }
}

}  // namespace

bool is_outage(const AlertRule& rule) {
  constexpr Duration soon = std::chrono::minutes{3};
  const bool now = rule.signal.kind == Signal::Kind::check || rule.signal.kind == Signal::Kind::value;
  return rule.severity == "critical" && (rule.windowed || (now && rule.hold <= soon));
}

std::vector<AlertRule> load_alert_rules(std::string_view text, const std::string& name, Problems& problems) {
  auto root = Options::from_text(text, name, problems);
  std::vector<AlertRule> rules;
  std::set<std::string> names;
  for (auto& options : root.maps("alerts")) {
    AlertRule rule;
    read_names(options, rule);
    rule.signal = read_signal(options);
    read_threshold(options, rule);
    read_hold(options, rule);
    read_words(options, rule);
    if (!names.insert(rule.name).second)
      options.error("alert", "alert: " + in_quotes(rule.name) + " is taken already");
    rules.push_back(std::move(rule));
  }
  check_causes(root, rules);
  if (rules.empty() && problems.size() == 0) root.error("alerts", "alerts: the catalogue is empty");
  root.finish();
  return rules;
}

}  // namespace healthd
