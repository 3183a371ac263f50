// From the finished parts of a configuration to what judges their results.
#pragma once

#include "daemon/assembly.hpp"
#include "daemon/judgement.hpp"
#include "daemon/settings.hpp"

namespace healthd {

/// Takes the receivers out of `parts`; the probes must still be there.
JudgementParts judgement_parts(const Settings& settings, Assembly& parts);

}  // namespace healthd
