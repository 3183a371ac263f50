#include "daemon/damper.hpp"

#include <algorithm>

namespace healthd {
namespace {

/// A fault that comes back within this time after it was resolved is held open for longer.
constexpr std::chrono::minutes refire_memory{60};

}  // namespace

Damper::Damper(const Window& window) : window_{window}, keep_{window.keep} {}
Damper::Damper(const Window& window, Duration hold, Duration patience)
    : window_{window}, hold_{hold}, patience_{patience}, keep_{window.keep} {}

bool Damper::lost_sight(Time now) const {
  return hold_ && state_ == State::pending && seen_at_ && now - *seen_at_ > patience_;
}

void Damper::remember(bool bad) {
  last_.push_back(bad);
  while (last_.size() > static_cast<std::size_t>(window_.of)) last_.pop_front();
  bad_row_ = bad ? bad_row_ + 1 : 0;
  good_row_ = bad ? 0 : good_row_ + 1;
}

bool Damper::enough_bad(Time now) const {
  if (hold_) return bad_since_ && now - *bad_since_ >= *hold_;
  return bad_row_ >= window_.consecutive || std::ranges::count(last_, true) >= window_.failures;
}

Damper::Change Damper::fire(Time now) {
  const bool again = resolved_at_ && now - *resolved_at_ < refire_memory;
  keep_ = again ? std::min(keep_ * 2, window_.keep_max) : window_.keep;
  state_ = State::firing;
  return Change::fired;
}

Damper::Change Damper::observe(bool bad, Time now) {
  if (lost_sight(now)) bad_since_.reset();
  seen_at_ = now;
  remember(bad);
  if (!bad) return observe_good(now);
  good_since_.reset();
  if (!bad_since_) bad_since_ = now;
  if (state_ == State::firing) return Change::none;
  state_ = State::pending;
  return enough_bad(now) ? fire(now) : Change::none;
}

Damper::Change Damper::observe_good(Time now) {
  if (!good_since_) good_since_ = now;
  if (state_ != State::firing) {
    // Below a window, single failures stay in its memory; below a hold, one good finding starts it anew.
    const bool quiet = hold_ || std::ranges::none_of(last_, [](bool was_bad) { return was_bad; });
    if (quiet) state_ = State::clear;
    if (quiet) bad_since_.reset();
    return Change::none;
  }
  if (good_row_ < window_.successes || now - *good_since_ < keep_) return Change::none;
  state_ = State::clear;
  bad_since_.reset();
  last_.clear();
  resolved_at_ = now;
  return Change::resolved;
}

Damper::Change Damper::tick(Time now) {
  if (lost_sight(now)) {
    state_ = State::clear;
    bad_since_.reset();
  }
  if (state_ != State::pending || !hold_ || !enough_bad(now)) return Change::none;
  return fire(now);
}

void Damper::skip(std::chrono::steady_clock::duration span) {
  for (auto* since : {&seen_at_, &bad_since_, &good_since_, &resolved_at_})
    if (*since) **since += span;
}

DamperMemory Damper::remember_all(Time now) const {
  const auto age = [now](std::optional<Time> then) -> std::optional<Duration> {
    if (!then) return std::nullopt;
    return std::chrono::round<Duration>(now - *then);
  };
  DamperMemory memory;
  memory.state = static_cast<std::uint8_t>(state_);
  for (const bool bad : last_) memory.last += bad ? 'x' : '.';
  memory.bad_row = bad_row_;
  memory.good_row = good_row_;
  memory.keep = keep_;
  memory.seen = age(seen_at_);
  memory.bad_since = age(bad_since_);
  memory.good_since = age(good_since_);
  memory.resolved = age(resolved_at_);
  return memory;
}

void Damper::restore(const DamperMemory& memory, Time now) {
  const auto moment = [now](std::optional<Duration> age) -> std::optional<Time> {
    if (!age) return std::nullopt;
    return now - *age;
  };
  state_ = memory.state <= 2 ? static_cast<State>(memory.state) : State::clear;
  last_.clear();
  for (const char each : memory.last) last_.push_back(each == 'x');
  while (last_.size() > static_cast<std::size_t>(window_.of)) last_.pop_front();
  bad_row_ = memory.bad_row;
  good_row_ = memory.good_row;
  keep_ = std::clamp(memory.keep, window_.keep, window_.keep_max);
  seen_at_ = moment(memory.seen);
  bad_since_ = moment(memory.bad_since);
  good_since_ = moment(memory.good_since);
  resolved_at_ = moment(memory.resolved);
}

std::optional<Damper::Time> Damper::due() const {
  if (state_ != State::pending || !hold_ || !bad_since_) return std::nullopt;
  return *bad_since_ + *hold_;
}

}  // namespace healthd
