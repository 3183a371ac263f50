// Words for people and machines: valid UTF-8, times, durations.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "config/clock.hpp"

namespace healthd {

using WallTime = std::chrono::system_clock::time_point;

/// `text` as valid UTF-8 of at most `max_bytes`: what is broken becomes U+FFFD, and no character is cut in
/// two.
std::string clean_utf8(std::string_view text, std::size_t max_bytes = std::string_view::npos);

/// `12:03:04 UTC`; with the day in front where that is not the day of `now`.
std::string clock_time(WallTime time, WallTime now);

/// `23 Nov 2026, 12:03:04 UTC`
std::string full_time(WallTime time);

/// The two units that matter: `12 s`, `4 min`, `3 h 12 min`, `2 d 4 h`. A negative span is `0 s`.
std::string span(std::chrono::nanoseconds duration);

/// A measured time with three figures: `850 µs`, `3.20 ms`, `1.25 s`.
std::string measured(double seconds);

}  // namespace healthd
