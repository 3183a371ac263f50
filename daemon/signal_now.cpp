// Signals that one result alone tells.
#include <algorithm>

#include "daemon/signal_kinds.hpp"

namespace healthd {
namespace {

bool listed(const std::vector<std::string>& reasons, Reason reason) {
  return std::ranges::find(reasons, to_string(reason)) != reasons.end();
}

double seconds_of(std::chrono::system_clock::time_point moment) {
  return std::chrono::duration<double>(moment.time_since_epoch()).count();
}

bool beyond(const AlertRule& rule, double value) {
  return (rule.above && value > *rule.above) || (rule.below && value < *rule.below);
}

bool matches(const Signal& signal, const Sample& sample) {
  return signal.match.first.empty() || std::ranges::find(sample.labels, signal.match) != sample.labels.end();
}

/// Whether the metric of `only_with`, of the same thing, has its value; nullopt where it is not known.
std::optional<bool> has_companion(const AlertRule& rule, const Sample& sample, const Outcome& outcome) {
  const auto& [metric, value] = rule.signal.only_with;
  if (metric.empty()) return true;
  for (const auto* other : find_samples(outcome.result, metric))
    if (label_of(rule, *other) == label_of(rule, sample)) return other->value == value;
  return std::nullopt;
}

}  // namespace

std::string label_of(const AlertRule& rule, const Sample& sample) {
  const auto found = std::ranges::find(sample.labels, rule.label, &Labels::value_type::first);
  return rule.label.empty() || found == sample.labels.end() ? "" : found->second;
}

Reading reading(const AlertRule& rule, const Sample& sample, double value) {
  Reading read;
  read.label_value = label_of(rule, sample);
  read.value = value;
  read.threshold = rule.above ? rule.above : rule.below;
  read.bad = beyond(rule, value);
  return read;
}

std::vector<const Sample*> find_samples(const ProbeResult& result, std::string_view name) {
  std::vector<const Sample*> found;
  if (name.empty()) return found;
  for (const auto& sample : result.samples)
    if (sample.name == name) found.push_back(&sample);
  return found;
}

std::optional<double> total(const ProbeResult& result, const std::string& name) {
  const auto samples = find_samples(result, name);
  if (samples.empty()) return std::nullopt;
  double sum = 0;
  for (const auto* sample : samples) sum += sample->value;
  return sum;
}

/// `a|b`: bad when one of them failed, good when none failed and at least one is known.
std::vector<Reading> read_check(const AlertRule& rule, const Outcome& outcome) {
  std::vector<Reading> readings;
  std::string_view names = rule.signal.check;
  while (!names.empty()) {
    const auto end = std::min(names.find('|'), names.size());
    const auto* check = find_check(outcome.result, names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
    if (check == nullptr || check->status == Status::unknown) continue;
    // Neither failed nor good, such as a server that asks for patience (429).
    if (check->status == Status::degraded) continue;
    if (listed(rule.signal.except, check->reason)) continue;
    Reading read;
    read.bad = check->status == Status::down;
    read.reason = check->reason;
    read.detail = check->detail;
    if (readings.empty() || (read.bad && !readings.front().bad)) readings.assign(1, read);
  }
  return readings;
}

std::vector<Reading> read_value(const AlertRule& rule, const Outcome& outcome) {
  std::vector<Reading> readings;
  for (const auto* sample : find_samples(outcome.result, rule.signal.metric)) {
    if (!matches(rule.signal, *sample)) continue;
    const auto allowed = has_companion(rule, *sample, outcome);
    if (!allowed) continue;  // it is not known
    readings.push_back(reading(rule, *sample, sample->value));
    readings.back().bad = readings.back().bad && *allowed;
  }
  return readings;
}

std::vector<Reading> read_ratio(const AlertRule& rule, const Outcome& outcome) {
  const auto part = total(outcome.result, rule.signal.metric);
  const auto whole = total(outcome.result, rule.signal.of);
  if (!part || !whole) return {};
  const double rest = *whole - total(outcome.result, rule.signal.minus).value_or(0);
  if (rest <= 0) return {};
  return {reading(rule, Sample{}, *part / rest)};
}

std::vector<Reading> read_age(const AlertRule& rule, const Outcome& outcome) {
  std::vector<Reading> readings;
  for (const auto* sample : find_samples(outcome.result, rule.signal.metric))
    readings.push_back(reading(rule, *sample, seconds_of(outcome.at) - sample->value));
  return readings;
}

std::vector<Reading> read_remaining(const AlertRule& rule, const Outcome& outcome) {
  std::vector<Reading> readings;
  const auto since = find_samples(outcome.result, rule.signal.since);
  for (const auto* sample : find_samples(outcome.result, rule.signal.metric)) {
    auto read = reading(rule, *sample, sample->value - seconds_of(outcome.at));
    // A certificate that lives for six days is not late when five are left.
    if (rule.below_share > 0 && !since.empty())
      read.bad = read.bad && *read.value < rule.below_share * (sample->value - since.front()->value);
    readings.push_back(read);
  }
  return readings;
}

std::vector<Reading> read_reason(const AlertRule& rule, const Outcome& outcome) {
  const auto& result = outcome.result;
  Reading read;
  if (listed(rule.signal.reasons, result.reason)) {
    read.bad = true;
    read.reason = result.reason;
    read.detail = result.detail;
  }
  for (const auto& check : result.checks) {
    if (read.bad || !listed(rule.signal.reasons, check.reason)) continue;
    read.bad = true;
    read.reason = check.reason;
    read.detail = check.detail;
  }
  // Where nothing was observed, the absence of a reason proves nothing; and whether we would be let in, a
  // server that is down does not tell.
  const bool about_us =
      listed(rule.signal.reasons, Reason::auth) || listed(rule.signal.reasons, Reason::permission);
  const bool told = result.status != Status::unknown && !(about_us && result.status == Status::down);
  if (!read.bad && !told) return {};
  return {read};
}

std::vector<Reading> read_count(const AlertRule& rule, const Outcome& outcome) {
  const auto samples = find_samples(outcome.result, rule.signal.metric);
  if (samples.empty()) return {};
  return {reading(rule, Sample{}, static_cast<double>(samples.size()))};
}

std::vector<Reading> read_always() {
  Reading read;
  read.bad = true;
  return {read};
}

}  // namespace healthd
