// What one run of a probe tells about its account.
#pragma once

#include "daemon/grants_findings.hpp"
#include "probes/result.hpp"

namespace healthd {

/// Only a refused login and a refused right are missing rights. What failed otherwise has left them unknown,
/// but for what the application itself was found to lack once everything had been asked: that is a note.
void compare_run(const ProbeResult& result, Findings& findings);

}  // namespace healthd
