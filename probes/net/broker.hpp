// The session with one Celery broker, shared by every probe that asks through it: two connections at most,
// kept open between rounds, one round at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "probes/deadline.hpp"
#include "probes/net/broker_subscription.hpp"
#include "probes/net/celery_names.hpp"
#include "probes/net/pidbox.hpp"
#include "probes/net/redis.hpp"
#include "probes/net/turns.hpp"

namespace healthd {

/// What came of one request to all workers.
struct PidboxRound {
  std::string method = {};
  std::chrono::steady_clock::time_point asked_at = {};
  long long receivers = 0;  ///< connections that listened; an upper bound of the workers
  std::vector<PidboxReply> replies = {};
};

/// A probe that asks through a broker, as far as its rights there are concerned.
struct BrokerUser {
  std::string probe;
  std::vector<std::string> queues = {};  ///< none: those of the broker
  bool asks_workers = true;
  bool reads_messages = false;                  ///< those that wait, for their age
  std::vector<std::string> canary_queues = {};  ///< test tasks are put into these
  std::string result_prefix = {};               ///< of the keys of their results
  std::string clock_task = {};                  ///< the periodic task whose runs tell of Beat
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
  /// Nothing is to be written or published here.
  bool& passive();
  BrokerSubscription& subscription();
  const RedisTarget& target() const;
  std::string address() const;

  /// Needed for everything below, and held until all of it is done.
  asio::awaitable<Turns::Turn> turn();

  /// The commands in one pipeline; (re)connects where needed, and then asks again: nothing among them may
  /// write.
  asio::awaitable<Result<std::vector<RedisReply>>> ask(const Turns::Turn& turn, Resolver& resolver,
                                                       Trace& trace, std::vector<RedisCommand> commands);

  /// How often the connection for commands had to be made: a rise means that the broker, or the way to it,
  /// was away.
  long long dials() const;

  /// Likewise, on the connection that ask() left alive in this turn, so without a look at whether it is.
  asio::awaitable<Result<std::vector<RedisReply>>> ask_more(const Turns::Turn& turn,
                                                            std::vector<RedisCommand> commands);

  /// Asks every worker each of `methods` and collects replies until all listeners have answered, at most for
  /// `patience`, and never so long that the clean-up would not fit before `deadline`. Proves first that the
  /// broker accepts a write, because a worker that cannot write its reply exits: a refusal is returned and
  /// nothing is published. More than 8 MiB of replies are `too_large`. One round for each method. After ask()
  /// in the same turn.
  asio::awaitable<Result<std::vector<PidboxRound>>> broadcast(const Turns::Turn& turn, Resolver& resolver,
                                                              Trace& trace, std::vector<std::string> methods,
                                                              std::chrono::milliseconds patience,
                                                              Deadline deadline);

  /// Asks every worker for a heartbeat, which comes back over the subscription. Writes no key, so it does no
  /// harm where the broker takes no writes. The number of listeners. After ask() in the same turn.
  asio::awaitable<Result<long long>> request_heartbeats(const Turns::Turn& turn);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace healthd
