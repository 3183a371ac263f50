// One incident as a page: the cause with its evidence, what came of it, when.
#pragma once

#include <string>

#include "exporters/snapshot.hpp"

namespace healthd {

/// `/incidents/ID`
std::string render_incident(const Incident& incident, const Snapshot& snapshot);

}  // namespace healthd
