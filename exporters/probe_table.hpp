// Every probe in a row: state, last result, history, timings.
#pragma once

#include "exporters/html.hpp"
#include "exporters/snapshot.hpp"

namespace healthd {

Html probe_section(const Snapshot& snapshot);

}  // namespace healthd
