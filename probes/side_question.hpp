// A question beside the point, whose answer may be larger than we take: then it is not put for a while, and
// why is remembered, for what was not asked is not known.
#pragma once

#include <chrono>
#include <utility>

#include "probes/result.hpp"

namespace healthd {

class SideQuestion {
 public:
  using Time = std::chrono::steady_clock::time_point;

  bool due(Time now) const { return now >= not_before_; }
  void answered() { failure_ = {}; }
  void failed(Failure failure, Time now) {
    constexpr std::chrono::minutes rest{10};
    failure_ = std::move(failure);
    if (failure_.reason == Reason::too_large) not_before_ = now + rest;
  }
  /// Of the last time it was put.
  const Failure& failure() const { return failure_; }

 private:
  Time not_before_{};
  Failure failure_;
};

}  // namespace healthd
