// Every metric that the program can export, in one table. What is not in it is not exported.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/result.hpp"

namespace healthd {

enum class MetricKind : std::uint8_t { counter, gauge, histogram };
enum class MetricSource : std::uint8_t { daemon, probe };  ///< `probe`: comes as a Sample, and only so

struct Metric {
  std::string_view name;
  MetricKind kind;
  MetricSource source;
  std::string_view help;  ///< one line
  /// A state set has a series for each state of each thing: so many for one.
  std::size_t states = 1;
};

/// In the order of the exposition.
std::span<const Metric> metric_catalogue();

/// The index in the catalogue, or npos.
std::size_t find_metric(std::string_view name);
constexpr auto no_metric = static_cast<std::size_t>(-1);

/// What a probe hands over is not trusted: a target may choose names and texts. Bounds of what is kept:
constexpr std::size_t max_label_bytes = 128;
constexpr std::size_t max_samples_per_name = 50;  ///< of a state set: so many things, with all their states

/// Series that were refused, by metric; a name that is not in the catalogue counts as `unknown`.
using DroppedSeries = std::map<std::string, std::uint64_t>;

/// Makes the samples of one run fit to export: only names of the catalogue, label values that are short and
/// valid UTF-8, no label set twice, not more than the cap. What goes is added to `dropped`. Doing it again
/// changes nothing.
void admit_samples(std::vector<Sample>& samples, DroppedSeries& dropped);

}  // namespace healthd
