// Incidents in lists: those that are open, as cards; those that are over, as lines.
#pragma once

#include <string>

#include "exporters/html.hpp"
#include "exporters/snapshot.hpp"

namespace healthd {

/// For the status page. Empty where none is open, or none is over.
Html open_incidents_section(const Snapshot& snapshot);
Html recent_incidents_section(const Snapshot& snapshot);

/// `/incidents/`
std::string render_incident_list(const Snapshot& snapshot);

}  // namespace healthd
