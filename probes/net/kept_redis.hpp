// A Redis connection that stays open between uses and is dialled again where it broke.
#pragma once

#include <memory>

#include "probes/net/redis.hpp"

namespace healthd {

class KeptRedis {
 public:
  /// Makes sure that the connection is alive, by a PING where it was kept. `target` is used until the end.
  /// The trace is left in the phase `request`.
  asio::awaitable<Failure> revive(Resolver& resolver, Trace& trace, const RedisTarget& target);

  /// Only after a successful revive().
  RedisClient& client() { return *client_; }

 private:
  asio::awaitable<bool> alive();

  std::unique_ptr<RedisClient> client_;
};

}  // namespace healthd
