// Which connection goes when a new client comes and every place is taken.
#pragma once

#include <chrono>

namespace healthd {

struct WebPlace {
  /// Only whoever has not said a whole request may have to go for somebody else.
  enum Stage { silent, speaking, answered };
  Stage stage = silent;
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
};

/// Long enough for any honest client to have said its request, which comes in one packet or two.
inline constexpr std::chrono::milliseconds web_patience{500};

/// Whether the first goes rather than the second. Who has had time goes first, the longest waiting of them
/// before the others. Of those who have had none, one that began to speak and did not end goes before one
/// that was not heard yet: thus a flood of slow requests ends its own and not the client that came between
/// them.
bool goes_before(const WebPlace& one, const WebPlace& other, std::chrono::steady_clock::time_point now);

}  // namespace healthd
