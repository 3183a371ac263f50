// The snapshot as Prometheus metrics.
#pragma once

#include <string>

#include "exporters/snapshot.hpp"

namespace healthd {

/// `text/plain; version=0.0.4`. Also reads /proc, so it belongs on a worker thread.
std::string render_metrics(const Snapshot& snapshot);

}  // namespace healthd
