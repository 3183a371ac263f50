// The words of an alert: its description with the figures filled in, and the evidence.
#pragma once

#include <string>

#include "daemon/alert_engine.hpp"

namespace healthd {

/// The rule's description with its placeholders replaced.
std::string expand(const AlertRule& rule, const WatchedProbe& probe, const Reading& reading);

/// What a person would look up next: reason, detail, phases, the probe's own evidence. At most 2 KiB.
std::string evidence_text(const Outcome& outcome);

/// What a server says of itself and that does not change by itself: versions, role, certificate, when it was
/// started. Names with values.
std::vector<std::pair<std::string, std::string>> server_facts(const ProbeResult& result);

/// `version 15.3 -> 15.4, role primary -> standby`; "" where nothing that both know differs.
std::string changed_facts(const std::vector<std::pair<std::string, std::string>>& before,
                          const std::vector<std::pair<std::string, std::string>>& now);

}  // namespace healthd
