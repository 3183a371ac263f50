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

/// Whether the metric of `only_with`, of the same thing, has its value; nullopt where it is not known.
std::optional<bool> has_companion(const AlertRule& rule, const Sample& sample, const Outcome& outcome) {
  const auto& [metric, value] = rule.signal.only_with;
  if (metric.empty()) return true;
  for (const auto* other : find_samples(outcome.result, metric))
    if (label_of(rule, *other) == label_of(rule, sample)) return other->value == value;
  return std::nullopt;
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

std::vector<Reading> read_now(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory);

std::vector<Reading> read_count(const AlertRule& rule, const Outcome& outcome) {
  const auto samples = find_samples(outcome.result, rule.signal.metric);
  if (samples.empty()) return {};
  return {reading(rule, Sample{}, static_cast<double>(samples.size()))};
}

/// A counter, by the value of the rule's label: its samples that match, taken together.
std::map<std::string, double> sums(const AlertRule& rule, const Outcome& outcome, const std::string& metric,
                                   const std::pair<std::string, std::string>& label) {
  std::map<std::string, double> all;
  for (const auto* sample : find_samples(outcome.result, metric)) {
    const bool fits = label.first.empty() || std::ranges::find(sample->labels, label) != sample->labels.end();
    if (fits) all[label_of(rule, *sample)] += sample->value;
  }
  return all;
}

/// Takes the counter in, and returns by how much each rose.
std::map<std::string, double> rises(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory,
                                    const std::string& what, const std::string& metric,
                                    const std::pair<std::string, std::string>& label) {
  std::map<std::string, double> rose;
  for (const auto& [value, total] : sums(rule, outcome, metric, label)) {
    auto& rise = memory.rises[what + "/" + value];
    rise.add(total, outcome.steady_at, rule.signal.over);
    if (!rise.young()) rose[value] = rise.over();
  }
  // What is not reported any more is forgotten once its window is over.
  std::erase_if(memory.rises, [&](const auto& each) {
    return outcome.steady_at - each.second.last() > 2 * rule.signal.over;
  });
  return rose;
}

std::vector<Reading> read_increase(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory) {
  const auto& signal = rule.signal;
  auto rose = rises(rule, outcome, memory, "rose", signal.metric, signal.match);
  const auto less = rises(rule, outcome, memory, "less", signal.minus, {});
  const auto good = signal.unless.first.empty()
                        ? std::map<std::string, double>{}
                        : rises(rule, outcome, memory, "good", signal.metric, signal.unless);
  std::vector<Reading> readings;
  for (auto& [value, rise] : rose) {
    if (const auto found = less.find(value); found != less.end()) rise -= found->second;
    if (signal.per_second) rise /= std::chrono::duration<double>(signal.over).count();
    auto read = reading(rule, Sample{}, rise);
    read.label_value = value;
    if (const auto found = good.find(value); found != good.end() && found->second > 0) read.bad = false;
    readings.push_back(std::move(read));
  }
  return readings;
}

std::vector<Reading> read_share(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory) {
  const auto& signal = rule.signal;
  const auto part = rises(rule, outcome, memory, "part", signal.metric, signal.match);
  const auto whole = rises(rule, outcome, memory, "whole", signal.of, {});
  std::vector<Reading> readings;
  for (const auto& [value, all] : whole) {
    const auto found = part.find(value);
    const double of_it = found == part.end() ? 0 : found->second;
    auto read = reading(rule, Sample{}, all > 0 ? of_it / all : 0);
    read.label_value = value;
    const double rate = all / std::chrono::duration<double>(signal.over).count();
    read.bad = read.bad && all > 0 && rate >= signal.at_least;
    readings.push_back(std::move(read));
  }
  return readings;
}

std::vector<Reading> read_quantile(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory) {
  const auto& signal = rule.signal;
  std::optional<double> value;
  if (signal.metric == "healthd_probe_duration_seconds") {
    memory.durations.add(std::chrono::duration<double>(outcome.took).count(), outcome.steady_at, signal.over);
    value = memory.durations.quantile(signal.quantile);
  }
  for (const auto& sample : outcome.result.histograms) {
    if (sample.name != signal.metric) continue;
    memory.gained.add(sample.histogram, outcome.steady_at, signal.over);
    value = memory.gained.quantile(signal.quantile);
  }
  if (!value) return {};
  return {reading(rule, Sample{}, *value)};
}

std::vector<Reading> read_flips(const AlertRule& rule, const Outcome& outcome, SignalMemory& memory) {
  if (outcome.result.status == Status::unknown) return {};
  memory.flips.add(outcome.result.status != Status::down, outcome.steady_at, rule.signal.over);
  return {reading(rule, Sample{}, static_cast<double>(memory.flips.count()))};
}

std::vector<Reading> read_always() {
  Reading read;
  read.bad = true;
  return {read};
}

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
  auto readings = read_now(rule, outcome, memory);
  if (!rule.signal.unless_falling.empty()) heed_trends(rule, outcome, memory, readings);
  return one_for_each(std::move(readings));
}

}  // namespace healthd
