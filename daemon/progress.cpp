#include "daemon/progress.hpp"

#include <algorithm>

namespace healthd {
namespace {

/// Nobody is helped by a restart for less, however often a probe is to run.
constexpr std::chrono::seconds least_silence{60};

}  // namespace

Duration longest_silence(Duration interval, Duration timeout) {
  // One interval until the next slot, one more where the target is to rest, and one to spare.
  return std::max<Duration>(3 * interval + timeout, least_silence);
}

bool is_stuck(Duration interval, Duration timeout, std::chrono::steady_clock::time_point last_sign,
              std::chrono::steady_clock::time_point now) {
  return now - last_sign > longest_silence(interval, timeout);
}

}  // namespace healthd
