// The words of an alert: its description with the figures filled in, and the evidence.
#pragma once

#include <string>

#include "daemon/alert_engine.hpp"

namespace healthd {

/// The rule's description with its placeholders replaced.
std::string expand(const AlertRule& rule, const WatchedProbe& probe, const Reading& reading);

/// What a person would look up next: reason, detail, phases, the probe's own evidence. At most 2 KiB.
std::string evidence_text(const Outcome& outcome);

}  // namespace healthd
