#include "probes/histogram.hpp"

#include <utility>

namespace healthd {

Histogram::Histogram(std::vector<double> upper_bounds)
    : bounds{std::move(upper_bounds)}, counts(bounds.size(), 0) {}

void Histogram::observe(double value) {
  for (std::size_t i = bounds.size(); i > 0 && value <= bounds[i - 1]; --i) ++counts[i - 1];
  ++total;
  sum += value;
}

std::vector<double> duration_buckets() {
  return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
}

}  // namespace healthd
