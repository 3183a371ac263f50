// What `probe` prints.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "daemon/commands.hpp"
#include "daemon/history.hpp"

namespace healthd {

/// Each view has a last outcome.
void print_probes(std::ostream& out, const std::string& stack, const std::vector<ProbeView>& views,
                  const ProbeRequest& request);

}  // namespace healthd
