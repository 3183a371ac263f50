#include "exporters/snapshot.hpp"

namespace healthd {

std::vector<double> lag_buckets() { return {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5}; }

}  // namespace healthd
