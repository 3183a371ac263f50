// A deadline is a point in steady time: made once per run, passed down by value, never extended.
#pragma once

#include <algorithm>
#include <chrono>

namespace healthd {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit constexpr Deadline(Clock::time_point when) : when_{when} {}
  static Deadline in(Clock::duration span) { return Deadline{Clock::now() + span}; }

  constexpr Clock::time_point when() const { return when_; }
  Clock::duration left() const { return std::max(when_ - Clock::now(), Clock::duration::zero()); }
  bool passed() const { return Clock::now() >= when_; }
  constexpr Deadline sooner(Deadline other) const { return Deadline{std::min(when_, other.when_)}; }

 private:
  Clock::time_point when_;
};

}  // namespace healthd
