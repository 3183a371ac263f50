// Incidents for programs, and one incident as the beginning of a post-mortem.
#pragma once

#include <string>
#include <vector>

#include "exporters/incident.hpp"

namespace healthd {

/// `{"incidents": [...]}`, as the contract has it.
std::string incidents_json(const std::vector<Incident>& incidents);
std::string incident_json(const Incident& incident);

/// Markdown: what happened, what came of it, when; and the headings that people fill in.
std::string incident_markdown(const Incident& incident);

}  // namespace healthd
