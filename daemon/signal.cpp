#include "daemon/signal.hpp"

#include <algorithm>
#include <cstdlib>

namespace healthd {
namespace {

bool listed(const std::vector<std::string>& reasons, Reason reason) {
  return std::ranges::find(reasons, to_string(reason)) != reasons.end();
}

double seconds_of(std::chrono::system_clock::time_point moment) {
  return std::chrono::duration<double>(moment.time_since_epoch()).count();
}

std::string label_of(const AlertRule& rule, const Sample& sample) {
  const auto found = std::ranges::find(sample.labels, rule.label, &Labels::value_type::first);
  return rule.label.empty() || found == sample.labels.end() ? "" : found->second;
}

bool beyond(const AlertRule& rule, double value) {
  return (rule.above && value > *rule.above) || (rule.below && value < *rule.below);
}

Reading reading(const AlertRule& rule, const Sample& sample, double value) {
  Reading read;
  read.label_value = label_of(rule, sample);
  read.value = value;
  read.threshold = rule.above ? rule.above : rule.below;
  read.bad = beyond(rule, value);
  return read;
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

bool matches(const Signal& signal, const Sample& sample) {
  return signal.match.first.empty() || std::ranges::find(sample.labels, signal.match) != sample.labels.end();
}

std::vector<Reading> read_value(const AlertRule& rule, const Outcome& outcome) {
  std::vector<Reading> readings;
  for (const auto* sample : find_samples(outcome.result, rule.signal.metric))
    if (matches(rule.signal, *sample)) readings.push_back(reading(rule, *sample, sample->value));
  return readings;
}

std::optional<double> total(const ProbeResult& result, const std::string& name) {
  const auto samples = find_samples(result, name);
  if (samples.empty()) return std::nullopt;
  double sum = 0;
  for (const auto* sample : samples) sum += sample->value;
  return sum;
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

std::vector<Reading> read_now(const AlertRule& rule, const Outcome& outcome);

/// The rule with its threshold in units of another metric; nothing where that metric is not known.
std::vector<Reading> read_scaled(AlertRule rule, const Outcome& outcome) {
  const auto factor = total(outcome.result, rule.signal.times);
  if (!factor) return {};
  rule.signal.times.clear();
  if (rule.above) *rule.above *= *factor;
  if (rule.below) *rule.below *= *factor;
  return read_now(rule, outcome);
}

std::vector<Reading> read_now(const AlertRule& rule, const Outcome& outcome) {
  if (!rule.signal.where.empty() && find_samples(outcome.result, rule.signal.where).empty()) return {};
  if (!rule.signal.times.empty()) return read_scaled(rule, outcome);
  switch (rule.signal.kind) {
    case Signal::Kind::check:
      return read_check(rule, outcome);
    case Signal::Kind::value:
      return read_value(rule, outcome);
    case Signal::Kind::ratio:
      return read_ratio(rule, outcome);
    case Signal::Kind::age:
      return read_age(rule, outcome);
    case Signal::Kind::remaining:
      return read_remaining(rule, outcome);
    case Signal::Kind::reason:
      return read_reason(rule, outcome);
    case Signal::Kind::stale:
      return {};
  }
  std::abort();
}

/// A queue that drains is not stalled.
void heed_trends(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory,
                 std::vector<Reading>& readings) {
  for (const auto* sample : find_samples(outcome.result, rule.signal.unless_falling))
    memory.trends[label_of(rule, *sample)].add(sample->value, outcome.steady_at);
  for (auto& one : readings) {
    const auto trend = memory.trends.find(one.label_value);
    if (trend != memory.trends.end() && trend->second.falling()) one.bad = false;
  }
}

}  // namespace

void Trend::add(double value, std::chrono::steady_clock::time_point at) {
  constexpr std::chrono::minutes span{15};
  constexpr std::chrono::seconds spacing{15};
  while (!points_.empty() && at - points_.front().at > span) points_.pop_front();
  // The last point is always the newest value; the others keep their distance, so that memory stays bounded.
  if (points_.size() >= 2 && at - points_[points_.size() - 2].at < spacing) points_.pop_back();
  points_.push_back({at, value});
}

bool Trend::falling() const { return points_.size() >= 2 && points_.back().value < points_.front().value; }

std::vector<const Sample*> find_samples(const ProbeResult& result, std::string_view name) {
  std::vector<const Sample*> found;
  if (name.empty()) return found;
  for (const auto& sample : result.samples)
    if (sample.name == name) found.push_back(&sample);
  return found;
}

bool absence_is_good(const AlertRule& rule, const Outcome& outcome) {
  const auto& signal = rule.signal;
  const auto* check = find_check(outcome.result, signal.absent_is_good);
  const auto known = [&outcome](const std::string& name) {
    return name.empty() || !find_samples(outcome.result, name).empty();
  };
  return check != nullptr && check->status == Status::up && !(known(signal.metric) && known(signal.of));
}

std::vector<Reading> read_signal(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory) {
  auto readings = read_now(rule, outcome);
  if (!rule.signal.unless_falling.empty()) heed_trends(rule, outcome, memory, readings);
  return readings;
}

}  // namespace healthd
