// How long a server asks to be left alone.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace healthd {

/// The meaning of a `Retry-After` header, in seconds or as an HTTP date: at most an hour, and 0 where the
/// time has come. nullopt where the header is absent or nonsense.
std::optional<std::chrono::seconds> retry_after(std::string_view header,
                                                std::chrono::system_clock::time_point now);

/// The meaning of an HTTP date, such as of the `Date` header; nullopt where it is none.
std::optional<std::chrono::sys_seconds> http_date(std::string_view header);

}  // namespace healthd
