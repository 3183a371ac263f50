// An incident in the form that outlives the process.
#pragma once

#include <optional>
#include <string>

#include "exporters/incident.hpp"

namespace healthd {

/// JSON, and back; nullopt where `text` is none of ours.
std::string to_text(const Incident& incident);
std::optional<Incident> incident_from_text(const std::string& text);

}  // namespace healthd
