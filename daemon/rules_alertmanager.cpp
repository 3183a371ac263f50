#include <algorithm>

#include "daemon/dependencies.hpp"
#include "daemon/rules.hpp"

namespace healthd {
namespace {

std::string alternatives(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : "|") + name;
  return text;
}

std::string inhibit(const std::vector<std::string>& sources, const std::vector<std::string>& targets,
                    const char* equal) {
  return "  - source_matchers: ['alertname=~\"" + alternatives(sources) +
         "\"']\n    target_matchers: ['alertname=~\"" + alternatives(targets) + "\"']\n    equal: [" + equal +
         "]\n";
}

std::vector<std::string> names(const std::vector<AlertRule>& rules, auto wanted) {
  std::vector<std::string> found;
  for (const auto& rule : rules)
    if (wanted(rule)) found.push_back(rule.name);
  return found;
}

/// Alerts about a component are effects of an outage of what it needs.
std::string by_graph(const std::vector<AlertRule>& rules) {
  std::string text;
  for (const auto& need : kind_needs()) {
    const auto sources =
        names(rules, [&](const AlertRule& rule) { return rule.component == need.parent && is_outage(rule); });
    const auto targets = names(
        rules, [&](const AlertRule& rule) { return rule.component == need.child && !rule.independent; });
    if (!sources.empty() && !targets.empty()) text += inhibit(sources, targets, "stack");
  }
  return text;
}

/// Of one component: on the same probe. Of different ones, or about any: wherever in the stack.
std::string by_name(const std::vector<AlertRule>& rules) {
  std::string text;
  for (const auto& rule : rules) {
    std::vector<std::string> near, far;
    for (const auto& cause : rule.effect_of) {
      const auto found = std::ranges::find(rules, cause, &AlertRule::name);
      if (found == rules.end()) continue;
      const bool same = found->component == rule.component || rule.component == "any";
      (same ? near : far).push_back(cause);
    }
    if (!near.empty()) text += inhibit(near, {rule.name}, "stack, probe");
    if (!far.empty()) text += inhibit(far, {rule.name}, "stack");
  }
  return text;
}

std::string by_blindness(const std::vector<AlertRule>& rules) {
  const auto targets = names(rules, [](const AlertRule& rule) { return rule.component != "healthd"; });
  return targets.empty() ? "" : inhibit({"HealthdMonitorBlind"}, targets, "stack");
}

}  // namespace

std::string alertmanager_rules(const std::vector<AlertRule>& rules) {
  return "# Written by `superset-healthd rules alertmanager`: what explains what.\ninhibit_rules:\n" +
         by_graph(rules) + by_name(rules) + by_blindness(rules);
}

}  // namespace healthd
