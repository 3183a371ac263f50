// Where a test may end or stop the process: `HEALTHD_FAILPOINT=name:n` does it when the process comes to the
// point `name` for the n-th time.
#pragma once

#include <string_view>

namespace healthd {

/// Whether this is the wanted time at the wanted point: `hang_run`, a run that never ends.
bool failpoint_reached(std::string_view name);

/// Dies of SIGKILL: `before_commit after_commit before_send after_send after_ack mid_checkpoint`.
void failpoint(std::string_view name);

/// Holds up the calling thread for good: `wedge_loop`, the event loop.
void block_at(std::string_view name);

}  // namespace healthd
