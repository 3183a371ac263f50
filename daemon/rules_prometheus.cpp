#include <array>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "config/duration.hpp"
#include "daemon/rules.hpp"
#include "daemon/rules_expression.hpp"

namespace healthd {
namespace {

/// A double-quoted scalar of YAML is a string of JSON.
std::string quoted(const std::string& text) { return nlohmann::json(text).dump(); }

void replace(std::string& text, std::string_view what, const std::string& with) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::string value_template(Signal::Kind kind) {
  switch (kind) {
    case Signal::Kind::ratio:
    case Signal::Kind::share:
      return "{{ $value | humanizePercentage }}";
    case Signal::Kind::age:
    case Signal::Kind::remaining:
    case Signal::Kind::quantile:
    case Signal::Kind::stale:
      return "{{ $value | humanizeDuration }}";
    case Signal::Kind::check:
    case Signal::Kind::value:
    case Signal::Kind::reason:
    case Signal::Kind::increase:
    case Signal::Kind::flips:
    case Signal::Kind::count:
    case Signal::Kind::always:
      break;
  }
  return "{{ $value | humanize }}";
}

std::string threshold_text(const AlertRule& rule) {
  const double threshold = rule.above.value_or(rule.below.value_or(0));
  const bool time = rule.signal.kind == Signal::Kind::age || rule.signal.kind == Signal::Kind::remaining;
  if (time && rule.signal.times.empty())
    return format_duration(std::chrono::seconds{static_cast<std::int64_t>(threshold)});
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", threshold);
  return text.data();
}

/// The description in Prometheus' own template language. Why a probe failed is no label, so it is not known.
std::string description(const AlertRule& rule) {
  auto text = rule.description;
  replace(text, " ({reason}: {detail})", "");
  replace(text, " ({detail})", "");
  replace(text, ": {detail}.", ".");
  if (rule.component == "healthd") {
    replace(text, "{probe} at {target}", "superset-healthd at {{ $labels.instance }}");
    replace(text, "{probe}", "superset-healthd");
  }
  replace(text, "{probe}", "{{ $labels.probe }}");
  replace(
      text, "{target}",
      "{{ with printf \"healthd_probe_info{stack='%s',probe='%s'}\" $labels.stack $labels.probe | query }}"
      "{{ . | first | label \"target\" }}{{ end }}");
  replace(text, "{value}", value_template(rule.signal.kind));
  replace(text, "{threshold}", threshold_text(rule));
  if (!rule.label.empty()) replace(text, "{" + rule.label + "}", "{{ $labels." + rule.label + " }}");
  return text;
}

std::string hold(const AlertRule& rule, const RulesContext& context) {
  const Duration length = rule.windowed ? 2 * context.interval : rule.hold;
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(length).count()) + "s";
}

std::string one_rule(const AlertRule& rule, const RulesContext& context) {
  std::string text = "      - alert: " + rule.name + "\n";
  text += "        expr: " + quoted(promql(rule, context)) + "\n";
  text += "        for: " + hold(rule, context) + "\n";
  text += "        labels:\n          severity: " + rule.severity + "\n";
  if (rule.component == "healthd")
    text += "          stack: " + quoted(context.stack) +
            "\n          component: healthd\n          probe: healthd\n";
  text += "        annotations:\n";
  text += "          summary: " + quoted(rule.summary) + "\n";
  text += "          description: " + quoted(description(rule)) + "\n";
  text += "          runbook_url: " + quoted(context.runbook_base_url + "/" + rule.runbook) + "\n";
  if (!context.dashboard_base_url.empty())
    text += "          dashboard_url: " + quoted(context.dashboard_base_url) + "\n";
  // The pages of a daemon that is down cannot be reached.
  if (rule.prometheus_only && !rule.first_steps.empty())
    text += "          first_steps: " + quoted(rule.first_steps) + "\n";
  return text;
}

}  // namespace

std::string prometheus_rules(const std::vector<AlertRule>& rules, const RulesContext& context) {
  std::vector<std::string> order;
  std::map<std::string, std::string> groups;
  for (const auto& rule : rules) {
    if (context.self_only && rule.component != "healthd") continue;
    const auto group = rule.component == "any" ? "probes" : rule.component;
    if (!groups.contains(group)) order.push_back(group);
    groups[group] += one_rule(rule, context);
  }
  std::string text =
      "# Written by `superset-healthd rules prometheus`; changes belong into its configuration.\n"
      "groups:\n";
  for (const auto& group : order) text += "  - name: superset-" + group + "\n    rules:\n" + groups.at(group);
  return text;
}

}  // namespace healthd
