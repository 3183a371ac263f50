// One moment on both clocks: ages are measured on the steady one, and the wall one only dates them. So a step
// of the wall clock makes nothing look older.
#pragma once

#include <chrono>

namespace healthd {

struct Moment {
  using Steady = std::chrono::steady_clock::time_point;

  Steady steady;
  std::chrono::system_clock::time_point wall;

  static Moment now() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

  /// When `then` was, as the wall clock counts now.
  double unix_seconds(Steady then) const {
    const std::chrono::duration<double> date = wall.time_since_epoch() - (steady - then);
    return date.count();
  }
};

}  // namespace healthd
