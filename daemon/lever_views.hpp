// Silences and maintenance as pages show them.
#pragma once

#include <vector>

#include "daemon/levers.hpp"
#include "exporters/snapshot.hpp"

namespace healthd {

std::vector<LeverView> silence_views(const Levers& levers);
/// Those by hand first, then those of the configuration.
std::vector<LeverView> maintenance_views(const Levers& levers, Levers::Time now);

}  // namespace healthd
