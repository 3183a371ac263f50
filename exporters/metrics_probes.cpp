#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "exporters/catalogue.hpp"
#include "exporters/families.hpp"
#include "exporters/text.hpp"

namespace healthd {
namespace {

constexpr std::array states{"up", "degraded", "down", "unknown", "suppressed"};
constexpr std::array code_classes{"1xx", "2xx", "3xx", "4xx", "5xx", "none"};
constexpr std::array<std::string_view, 3> http_kinds{"nginx", "gunicorn", "superset"};

std::string label(std::string_view text) { return clean_utf8(text, max_label_bytes); }

double one_if(bool condition) { return condition ? 1 : 0; }

/// nullopt where success cannot be told.
std::optional<double> success(Status status) {
  if (status == Status::unknown) return std::nullopt;
  return one_if(status != Status::down);
}

void add_states(Families& families, std::string_view name, const MetricLabels& labels,
                std::string_view current) {
  for (const char* state : states) {
    families.add(name, one_if(current == state), labels, {{"state", state}});
  }
}

void add_time(Families& families, std::string_view name, const MetricLabels& labels,
              const std::optional<ProbeView::Time>& time) {
  if (time) families.add(name, unix_seconds(*time), labels);
}

void add_counters(Families& families, const MetricLabels& labels, const ProbeView& probe) {
  families.add("healthd_probe_runs_total", static_cast<double>(probe.runs), labels);
  families.add("healthd_probe_transitions_total", static_cast<double>(probe.transitions), labels);
  families.add("healthd_probe_restarts_total", static_cast<double>(probe.restarts), labels);
  families.add("healthd_probe_overruns_total", static_cast<double>(probe.overruns), labels);
  for (std::size_t i = 1; i < reason_count; ++i) {  // 0 is `none`: no failure
    families.add("healthd_probe_failures_total", static_cast<double>(probe.failures[i]), labels,
                 {{"reason", std::string{to_string(static_cast<Reason>(i))}}});
  }
  for (std::size_t i = 0; i < phase_count; ++i) {
    families.add("healthd_probe_timeouts_total", static_cast<double>(probe.timeouts[i]), labels,
                 {{"phase", std::string{to_string(static_cast<Phase>(i))}}});
  }
  if (std::ranges::find(http_kinds, probe.kind) == http_kinds.end()) return;
  for (const char* code_class : code_classes) {
    const auto count = probe.http_classes.find(code_class);
    families.add("healthd_http_responses_total",
                 count == probe.http_classes.end() ? 0 : static_cast<double>(count->second), labels,
                 {{"code_class", code_class}});
  }
}

void add_checks(Families& families, const MetricLabels& labels, const ProbeResult& result) {
  std::set<std::string_view> seen;
  for (const CheckResult& check : result.checks) {
    const auto value = success(check.status);
    // A check by itself is good, bad or, where it is in between, not told.
    if (check.status == Status::degraded) continue;
    if (!value || !seen.insert(check.name).second) continue;
    families.add("healthd_probe_check_success", *value, labels, {{"check", label(check.name)}});
  }
}

/// Why the probe, and each of its checks, is not up. A series is there while it is so.
void add_reasons(Families& families, const MetricLabels& labels, const ProbeResult& result) {
  std::set<std::pair<std::string_view, Reason>> seen;
  const auto add = [&](std::string_view check, Reason reason) {
    if (reason == Reason::none || !seen.insert({check, reason}).second) return;
    families.add("healthd_probe_reason", 1, labels,
                 {{"check", label(check)}, {"reason", std::string{to_string(reason)}}});
  };
  add("", result.reason);
  for (const CheckResult& check : result.checks) add(check.name, check.reason);
}

void add_samples(Families& families, const MetricLabels& labels, std::vector<Sample> samples) {
  DroppedSeries already_counted;  // by whoever made the snapshot; here it only must not reach the page
  admit_samples(samples, already_counted);
  for (const Sample& sample : samples) {
    MetricLabels all = labels;
    for (const auto& [name, value] : sample.labels) all.push_back({name, value});
    families.add(sample.name, sample.value, all);
  }
}

void add_last_run(Families& families, const MetricLabels& labels, const Outcome& last) {
  if (const auto value = success(last.result.status)) families.add("healthd_probe_success", *value, labels);
  families.add("healthd_probe_last_duration_seconds", std::chrono::duration<double>(last.took).count(),
               labels);
  families.add("healthd_probe_last_run_timestamp_seconds", unix_seconds(last.at), labels);
  for (std::size_t i = 0; i < phase_count; ++i) {
    const auto phase = static_cast<Phase>(i);
    const auto& seconds = last.result.phases[phase];
    if (!seconds) continue;
    families.add("healthd_probe_phase_duration_seconds", *seconds, labels,
                 {{"phase", std::string{to_string(phase)}}});
  }
  add_checks(families, labels, last.result);
  add_reasons(families, labels, last.result);
  add_samples(families, labels, last.result.samples);
  for (const auto& [name, histogram, own] : last.result.histograms) {
    MetricLabels all = labels;
    for (const auto& [key, value] : own) all.push_back({key, label(value)});
    families.add(name, histogram, all);
  }
}

void add_probe(Families& families, const MetricLabels& labels, const ProbeView& probe) {
  families.add("healthd_probe_info", 1, labels, {{"target", label(probe.target)}});
  families.add("healthd_probe_interval_seconds", probe.interval_seconds, labels);
  families.add("healthd_probe_timeout_seconds", probe.timeout_seconds, labels);
  families.add("healthd_probe_consecutive_failures", probe.consecutive_failures, labels);
  families.add("healthd_probe_duration_seconds", probe.duration, labels);
  families.add("healthd_probe_start_lateness_seconds", probe.start_lateness, labels);
  add_states(families, "healthd_probe_state", labels,
             probe.suppressed ? "suppressed" : to_string(probe.state));
  add_time(families, "healthd_probe_last_success_timestamp_seconds", labels, probe.last_success_at);
  add_time(families, "healthd_probe_last_failure_timestamp_seconds", labels, probe.last_failure_at);
  add_counters(families, labels, probe);
  if (probe.last) add_last_run(families, labels, *probe.last);
}

}  // namespace

void add_probe_metrics(const Snapshot& snapshot, Families& families) {
  for (const ProbeView& probe : snapshot.probes) {
    const MetricLabels labels{{"stack", label(snapshot.stack)},
                              {"probe", label(probe.name)},
                              {"component", label(probe.component)},
                              {"kind", label(probe.kind)}};
    add_probe(families, labels, probe);
  }
  for (const ComponentView& component : snapshot.components) {
    const MetricLabels labels{{"stack", label(snapshot.stack)}, {"component", label(component.name)}};
    add_states(families, "healthd_component_state", labels, to_string(component.state));
  }
}

}  // namespace healthd
