// What `superset-healthd status` prints.
#pragma once

#include <string>
#include <vector>

#include "exporters/incident.hpp"
#include "exporters/snapshot.hpp"

namespace healthd {

/// A line for each probe, open incident and, where there is any, for the daemon's own `trouble`.
std::string status_text(const std::string& stack, const std::vector<ProbeView>& probes,
                        const std::vector<Incident>& open, const std::string& trouble);

}  // namespace healthd
