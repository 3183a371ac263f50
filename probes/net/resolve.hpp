// Names to addresses without ever holding up the loop: getaddrinfo runs on a small pool and can be walked
// away from.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string>
#include <vector>

#include "probes/net/outcome.hpp"

namespace healthd {

namespace asio = boost::asio;

class Resolver {
 public:
  /// All calls and results happen on `loop`.
  explicit Resolver(asio::any_io_executor loop);
  ~Resolver();

  /// Literals are parsed, never looked up. One look-up at a time per name, shared by all who wait.
  /// Cancellable: a look-up that nobody waits for any more is left to end by itself.
  asio::awaitable<Result<std::vector<asio::ip::address>>> resolve(std::string host);

  /// Whether a look-up still holds a thread; the process then ends without waiting for it.
  bool busy() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace healthd
