#include "daemon/signal.hpp"

#include <algorithm>
#include <cstdlib>

#include "daemon/signal_kinds.hpp"

namespace healthd {
namespace {

std::vector<Reading> read_now(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory);

/// The rule with its threshold in units of another metric; nothing where that metric is not known.
std::vector<Reading> read_scaled(AlertRule rule, const Outcome& outcome, SignalMemory& memory) {
  const auto factor = total(outcome.result, rule.signal.times);
  if (!factor) return {};
  rule.signal.times.clear();
  if (rule.above) *rule.above *= *factor;
  if (rule.below) *rule.below *= *factor;
  return read_now(rule, outcome, memory);
}

std::vector<Reading> read_now(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory) {
  if (!rule.signal.where.empty() && find_samples(outcome.result, rule.signal.where).empty()) return {};
  if (!rule.signal.times.empty()) return read_scaled(rule, outcome, memory);
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
    case Signal::Kind::increase:
      return read_increase(rule, outcome, memory);
    case Signal::Kind::share:
      return read_share(rule, outcome, memory);
    case Signal::Kind::quantile:
      return read_quantile(rule, outcome, memory);
    case Signal::Kind::flips:
      return read_flips(rule, outcome, memory);
    case Signal::Kind::count:
      return read_count(rule, outcome);
    case Signal::Kind::always:
      return read_always();
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

/// Several readings of one alert are one: bad where any is.
std::vector<Reading> one_for_each(std::vector<Reading> readings) {
  std::vector<Reading> merged;
  for (auto& each : readings) {
    const auto same = std::ranges::find(merged, each.label_value, &Reading::label_value);
    if (same == merged.end()) {
      merged.push_back(std::move(each));
    } else if (each.bad && !same->bad) {
      *same = std::move(each);
    }
  }
  return merged;
}

}  // namespace

bool absence_is_good(const AlertRule& rule, const Outcome& outcome) {
  const auto& signal = rule.signal;
  const auto* check = find_check(outcome.result, signal.absent_is_good);
  const auto known = [&outcome](const std::string& name) {
    return name.empty() || !find_samples(outcome.result, name).empty();
  };
  return check != nullptr && check->status == Status::up && !(known(signal.metric) && known(signal.of));
}

std::vector<Reading> read_signal(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory) {
  auto readings = read_now(rule, outcome, memory);
  if (!rule.signal.unless_falling.empty()) heed_trends(rule, outcome, memory, readings);
  return one_for_each(std::move(readings));
}

}  // namespace healthd
