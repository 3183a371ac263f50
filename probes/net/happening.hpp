// Something that coroutines of one loop wait for until another one says that it happened.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

namespace healthd {

namespace asio = boost::asio;

/// Belongs to one loop, and dies before it. Outlives whoever waits.
class Happening {
 public:
  /// Returns after the next announce(). Cancellable; who waits for a condition asks again whether it holds.
  asio::awaitable<void> wait();
  /// Wakes everybody who waits now.
  void announce();

 private:
  std::optional<asio::steady_timer> timer_;  ///< made by the first who waits, on its loop
};

}  // namespace healthd
