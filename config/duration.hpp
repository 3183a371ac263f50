// Durations as people write them: `500ms`, `15s`, `5m`, `1h30m`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace healthd {

using Duration = std::chrono::milliseconds;

/// nullopt where `text` is not one or more numbers each with a unit (`ms s m h d`), largest unit first.
std::optional<Duration> parse_duration(std::string_view text);

/// The shortest exact form, e.g. `1h30m`; `0s` for zero.
std::string format_duration(Duration duration);

}  // namespace healthd
