// Turns a row of good and bad findings into one state that does not flap. Pure: the time comes with the
// finding.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "config/config.hpp"

namespace healthd {

/// All that a damper remembers, with moments as ages, so that it can outlive the process.
struct DamperMemory {
  std::uint8_t state = 0;
  std::string last;  ///< the window, oldest first: `x` for bad, `.` for good
  int bad_row = 0, good_row = 0;
  Duration keep{};
  std::optional<Duration> seen, bad_since, good_since, resolved;
};

class Damper {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class State : std::uint8_t { clear, pending, firing };
  enum class Change : std::uint8_t { none, fired, resolved };

  /// Fires by the window's count of bad findings.
  explicit Damper(const Window& window);
  /// Fires once every finding has been bad for `hold`; clears by the window's count of good ones. Where none
  /// came for `patience`, nothing is known to hold any more, and the time counts anew.
  Damper(const Window& window, Duration hold, Duration patience);

  Change observe(bool bad, Time now);
  /// Time alone fires nothing by a window, but lets a `hold` run out.
  Change tick(Time now);
  /// The process slept: what was waiting goes on waiting.
  void skip(std::chrono::steady_clock::duration span);

  DamperMemory remember_all(Time now) const;
  /// Goes on from there, as if no time had passed in between.
  void restore(const DamperMemory& memory, Time now);

  State state() const { return state_; }
  /// When this firing began to be bad.
  std::optional<Time> bad_since() const { return bad_since_; }
  /// Since when findings have been good without a break; nullopt: the last one was bad.
  std::optional<Time> good_since() const { return good_since_; }
  /// Bad findings in a row, up to now.
  int bad_row() const { return bad_row_; }
  /// For how long successes must last before this firing clears.
  Duration keep() const { return keep_; }
  /// When tick() may change the state; nullopt: it will not.
  std::optional<Time> due() const;

 private:
  bool enough_bad(Time now) const;
  bool lost_sight(Time now) const;
  Change fire(Time now);
  Change observe_good(Time now);
  void remember(bool bad);

  Window window_;
  std::optional<Duration> hold_;
  Duration patience_{};
  State state_ = State::clear;
  std::deque<bool> last_;  ///< the window's last findings, true for bad
  int bad_row_ = 0;
  int good_row_ = 0;
  Duration keep_;
  std::optional<Time> seen_at_;
  std::optional<Time> bad_since_;
  std::optional<Time> good_since_;
  std::optional<Time> resolved_at_;
};

}  // namespace healthd
