// What `probe` prints.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "daemon/commands.hpp"
#include "daemon/history.hpp"

namespace healthd {

/// The worst status of all. One run cannot see whether Beat ticks: what only waits to be told by a later run
/// is left out, unless there is nothing else. Each view has a last outcome.
Status worst(const std::vector<ProbeView>& views);

/// Each view has a last outcome.
void print_probes(std::ostream& out, const std::string& stack, const std::vector<ProbeView>& views,
                  const ProbeRequest& request);

}  // namespace healthd
