// Where a test may end the process: `HEALTHD_FAILPOINT=name:n` kills it with SIGKILL when it comes to the
// point `name` for the n-th time.
#pragma once

#include <string_view>

namespace healthd {

/// `before_commit after_commit before_send after_send after_ack mid_checkpoint`.
void failpoint(std::string_view name);

}  // namespace healthd
