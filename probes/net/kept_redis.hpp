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

  /// The commands in one pipeline; on a connection that broke meanwhile once more on a new one, so nothing
  /// among them may do harm when it is done twice. No round trip more than that.
  asio::awaitable<Result<std::vector<RedisReply>>> ask(Resolver& resolver, Trace& trace,
                                                       const RedisTarget& target,
                                                       std::vector<RedisCommand> commands);

  /// There is a connection, and nothing is known to be wrong with it.
  bool usable() const;

  /// Closes it; the next use dials.
  void drop() { client_.reset(); }

  /// How often it was dialled with success.
  long long dials() const { return dials_; }

  /// Only after a successful revive() or ask().
  RedisClient& client() { return *client_; }

 private:
  asio::awaitable<bool> alive();
  asio::awaitable<Failure> dial_anew(Resolver& resolver, Trace& trace, const RedisTarget& target);

  std::unique_ptr<RedisClient> client_;
  long long dials_ = 0;
};

}  // namespace healthd
