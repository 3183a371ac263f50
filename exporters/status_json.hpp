// The snapshot as JSON, in the shapes that people script against.
#pragma once

#include <string>
#include <vector>

#include "exporters/snapshot.hpp"

namespace healthd {

/// `/api/v1/status`
std::string status_json(const Snapshot& snapshot);
/// `/api/v1/alerts`
std::string alerts_json(const Snapshot& snapshot);
/// `probe --output=json`
std::string probe_json(const std::string& stack, const std::vector<ProbeView>& probes);

}  // namespace healthd
