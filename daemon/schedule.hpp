// When a probe runs next. Pure: a grid with a phase, and a second look after a failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "config/duration.hpp"

namespace healthd {

/// The slots of one probe: `start + phase + k * interval`. The phase comes from the probe's name, so probes
/// spread over the interval, and do so in the same way after each restart.
class Schedule {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Schedule(Time start, std::string_view identity, Duration interval, Duration retry_interval);

  struct Slot {
    Time at;
    std::uint64_t skipped = 0;  ///< slots that passed during the last run: they are left out, never caught up
  };
  /// After a run that was due at `last` and ended at `ended`. `again_soon`: a failure wants a second look.
  Slot next(Time last, Time ended, bool again_soon) const;
  /// As next(), without a second look; one more slot is left out, and not counted, where the target is to
  /// rest for longer than until the next.
  Slot after_rest(Time last, Time ended, Duration rest) const;
  Time first() const { return first_; }

 private:
  Time first_;
  std::chrono::steady_clock::duration interval_;
  std::chrono::steady_clock::duration retry_;
};

}  // namespace healthd
