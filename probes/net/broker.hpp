// The session with one Celery broker, shared by every probe that asks through it: two connections at most,
// kept open between rounds, one round at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "probes/deadline.hpp"
#include "probes/net/celery_names.hpp"
#include "probes/net/pidbox.hpp"
#include "probes/net/redis.hpp"
#include "probes/net/turns.hpp"

namespace healthd {

/// What came of one request to all workers.
struct PidboxRound {
  long long receivers = 0;  ///< connections that listened; an upper bound of the workers
  std::vector<PidboxReply> replies = {};
};

/// A probe that asks through a broker, as far as its rights there are concerned.
struct BrokerUser {
  std::string probe;
  std::vector<std::string> queues = {};  ///< none: those of the broker
  bool asks_workers = true;
};

class Broker {
 public:
  /// Replies come back under `reply_id`, which nobody else uses (see ReplyIdentity).
  Broker(RedisTarget target, std::string reply_id);
  ~Broker();

  /// Which names and queues Celery uses here; the celery probe sets them, in whatever order probes are built.
  CeleryNames& names();
  std::vector<std::string>& queues();
  /// `celery` where no probe named a queue.
  std::vector<std::string> queues_or_default() const;
  std::vector<BrokerUser>& users();
  const RedisTarget& target() const;
  std::string address() const;

  /// Needed for everything below, and held until all of it is done.
  asio::awaitable<Turns::Turn> turn();

  /// The commands in one pipeline; (re)connects first where needed.
  asio::awaitable<Result<std::vector<RedisReply>>> ask(const Turns::Turn& turn, Resolver& resolver,
                                                       Trace& trace, std::vector<RedisCommand> commands);

  /// Asks every worker `method` and collects replies until all listeners have answered, at most for
  /// `patience`, and never so long that the clean-up would not fit before `deadline`. Proves first that the
  /// broker accepts a write, because a worker that cannot write its reply exits: a refusal is returned and
  /// nothing is published. More than 8 MiB of replies are `too_large`.
  asio::awaitable<Result<PidboxRound>> broadcast(const Turns::Turn& turn, Resolver& resolver, Trace& trace,
                                                 std::string_view method, std::chrono::milliseconds patience,
                                                 Deadline deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace healthd
