// Whether a probe's loop still does its work. systemd's watchdog hangs on it: an event loop that lives but
// looks at nothing any more is of no use to anybody.
#pragma once

#include <chrono>

#include "config/duration.hpp"

namespace healthd {

/// How long a probe's loop may go without a sign, which is that it began a run or ended one.
Duration longest_silence(Duration interval, Duration timeout);

/// Its last sign was too long ago.
bool is_stuck(Duration interval, Duration timeout, std::chrono::steady_clock::time_point last_sign,
              std::chrono::steady_clock::time_point now);

}  // namespace healthd
