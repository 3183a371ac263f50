#include "daemon/schedule.hpp"

#include <algorithm>

namespace healthd {
namespace {

/// FNV-1a: the same on every machine and in every build, unlike std::hash.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  return hash;
}

/// A person who starts the daemon wants to see something soon, whatever the interval.
constexpr std::chrono::milliseconds longest_first_wait{10'000};

}  // namespace

Schedule::Schedule(Time start, std::string_view identity, Duration interval, Duration retry_interval)
    : interval_{interval}, retry_{retry_interval} {
  const auto spread = std::min<Duration>(interval, longest_first_wait);
  first_ = start + Duration{static_cast<Duration::rep>(stable_hash(identity) %
                                                       static_cast<std::uint64_t>(spread.count()))};
}

Schedule::Slot Schedule::next(Time last, Time ended, bool again_soon) const {
  const auto before = (std::max(last, first_) - first_) / interval_;
  const auto passed = (std::max(ended, first_) - first_) / interval_;
  Slot slot{first_ + (std::max(before, passed) + 1) * interval_,
            static_cast<std::uint64_t>(std::max<std::int64_t>(passed - before, 0))};
  if (again_soon) slot.at = std::min(slot.at, std::max(last + retry_, ended));
  return slot;
}

Schedule::Slot Schedule::after_rest(Time last, Time ended, Duration rest) const {
  auto slot = next(last, ended, false);
  if (slot.at < ended + rest) slot.at += interval_;
  return slot;
}

}  // namespace healthd
