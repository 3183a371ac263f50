// Dates as Python's isoformat() writes them, such as `2026-11-23T02:07:53.084969+00:00` (ISO 8601).
#pragma once

#include <optional>
#include <string_view>

namespace healthd {

/// Unix time of the text; UTC where it names no offset. nullopt for anything else.
std::optional<double> iso8601_time(std::string_view text);

}  // namespace healthd
