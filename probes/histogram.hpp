// Observations counted by size, as Prometheus wants them.
#pragma once

#include <cstdint>
#include <vector>

namespace healthd {

/// A cumulative histogram: `counts[i]` observations were at most `bounds[i]`; `total` counts all.
struct Histogram {
  std::vector<double> bounds;
  std::vector<std::uint64_t> counts;
  std::uint64_t total = 0;
  double sum = 0;

  explicit Histogram(std::vector<double> upper_bounds = {});
  void observe(double value);
};

/// Bounds for the length of a run or a request, in seconds.
std::vector<double> duration_buckets();

}  // namespace healthd
