// What the kernel says about this process.
#pragma once

#include <optional>

namespace healthd {

struct ProcessStats {
  double cpu_seconds = 0;
  std::optional<double> resident_bytes, virtual_bytes, open_fds, max_fds,
      start_time;  ///< nullopt: not readable
};

/// Reads /proc: not for the event loop.
ProcessStats read_process_stats();

}  // namespace healthd
