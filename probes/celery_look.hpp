// What one run of the celery probe asks of the broker and, through it, of the workers.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "probes/celery_age.hpp"
#include "probes/celery_options.hpp"
#include "probes/celery_queues.hpp"
#include "probes/net/client_list.hpp"
#include "probes/tools.hpp"

namespace healthd {

/// All that one run saw.
struct CelerySight {
  Failure failure;  ///< of the broker: nothing is known
  QueueReport queues;
  std::vector<std::optional<AgeBracket>>
      ages;  ///< of the oldest message of each queue; absent where it cannot be told
  std::optional<double>
      oldest_unacked;  ///< when it was delivered, unix time by our clock; tasks for later left out
  std::optional<std::vector<RedisPeer>> peers;  ///< the broker's connections, where we looked
  Failure peers_refused;
  Failure deaf;  ///< why nothing is heard that workers publish

  Failure ping_failure;             ///< why nobody was asked for a reply
  std::vector<PidboxRound> rounds;  ///< `ping`, and with an inspection the others
  /// Where nobody could be asked for a reply: how many were asked for a heartbeat, and when.
  std::optional<PidboxRound> heartbeats;

  const PidboxRound* round(std::string_view method) const;
};

class CeleryLook {
 public:
  CeleryLook(std::shared_ptr<Broker> broker, const CeleryOptions& options);

  /// `inspect`: the workers are also asked what they do and consume. A failure of the broker is in the
  /// result; what was seen before it is kept. Await it under `deadline`.
  asio::awaitable<CelerySight> look(const Turns::Turn& turn, Tools& tools, Trace& trace, Deadline deadline,
                                    bool inspect);

  /// A message of ours was taken out of the middle of a list.
  void withdrawn(std::size_t queue, std::string_view message);

 private:
  asio::awaitable<bool> look_at_details(const Turns::Turn& turn, bool peers, CelerySight& sight);
  asio::awaitable<bool> search(const Turns::Turn& turn);
  asio::awaitable<void> ask_workers(const Turns::Turn& turn, Tools& tools, Trace& trace, Deadline deadline,
                                    bool inspect, CelerySight& sight);
  asio::awaitable<void> ask_for_heartbeats(const Turns::Turn& turn, Deadline deadline, CelerySight& sight);
  std::vector<RedisCommand> detail_commands(const CelerySight& sight, bool peers, bool unacked) const;
  void read_details(const std::vector<RedisReply>& replies, bool peers, bool unacked, CelerySight& sight);
  bool peers_due(long long clients) const;
  void read_peers(const RedisReply& list, CelerySight& sight);
  std::size_t read_lists(const std::vector<RedisReply>& replies, CelerySight& sight);
  void read_unacked(const RedisReply& reply, CelerySight& sight) const;
  void bracket_ages(CelerySight& sight) const;
  std::string list_key(std::size_t list) const;

  std::shared_ptr<Broker> broker_;
  const CeleryOptions& options_;
  std::vector<QueueAge> ages_;  ///< of each list
  std::vector<std::optional<double>>
      stamps_;                        ///< of each list: the age of its oldest message, where it says so
  std::vector<bool> redelivered_;     ///< of each list: its oldest message was handed back
  std::optional<long long> clients_;  ///< connections to the broker, at the last look
  Deadline::Clock::time_point peers_at_{};
  Deadline::Clock::time_point details_from_{};  ///< not before, for a message was too large for us
  bool skip_reserved_ = false;                  ///< the workers' answers to it are too large
};

}  // namespace healthd
