// Names to addresses without ever holding up the loop: getaddrinfo runs on threads of its own and can be
// walked away from.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "probes/net/outcome.hpp"

namespace healthd {

namespace asio = boost::asio;

class Resolver {
 public:
  using Addresses = std::vector<asio::ip::address>;
  struct Answer {
    Addresses addresses;  ///< empty: see `failure`
    Failure failure;
    bool certain = false;  ///< the name has no address; otherwise nobody could tell
  };
  /// Asks for the addresses of a name. Runs on threads of its own and may block there.
  using LookUp = std::function<Answer(const std::string& host)>;

  /// All calls and results happen on `loop`.
  explicit Resolver(asio::any_io_executor loop);
  Resolver(asio::any_io_executor loop, LookUp look_up);
  ~Resolver();

  /// Literals are parsed, never looked up. One look-up at a time per name, shared by all who wait; each has a
  /// thread, so a name that hangs holds up no other. Where nobody can tell, or not within 500 ms, the last
  /// good answer holds for up to an hour: a dead name server is not the target's fault. A name that is gone
  /// is. Cancellable: a look-up that nobody waits for any more is left to end by itself.
  asio::awaitable<Result<Addresses>> resolve(std::string host);

  /// Whether a look-up still holds a thread; the process then ends without waiting for it.
  bool busy() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace healthd
