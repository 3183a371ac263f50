// Signals that several results tell together: how counters rose, how long runs took, how often a probe
// changed its mind.
#include <algorithm>

#include "daemon/signal_kinds.hpp"

namespace healthd {
namespace {

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

}  // namespace

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

}  // namespace healthd
