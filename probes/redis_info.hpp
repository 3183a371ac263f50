// From INFO to the samples of the catalogue.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "probes/net/info_text.hpp"
#include "probes/result.hpp"

namespace healthd {

/// What concerns the whole server. `holds_tasks`: it is somebody's broker or result store, where eviction
/// loses work.
std::vector<Sample> server_samples(const InfoText& info, bool holds_tasks,
                                   std::chrono::system_clock::time_point now);

/// Keys of one database; a database without keys is missing in INFO.
Sample database_sample(const InfoText& info, int database);

}  // namespace healthd
