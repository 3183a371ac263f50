// Moments as text, for logs, pages and receivers.
#pragma once

#include <chrono>
#include <string>

namespace healthd {

/// `2026-11-23T12:34:56.789Z`.
std::string rfc3339(std::chrono::system_clock::time_point moment);

}  // namespace healthd
