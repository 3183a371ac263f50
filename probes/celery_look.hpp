// What one run of the celery probe asks of the broker and, through it, of the workers.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "probes/celery_ages.hpp"
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
      ages;         ///< of the oldest message of each queue; absent where it cannot be told
  Failure ageless;  ///< why ages are not told
  std::optional<double>
      oldest_unacked;  ///< when it was delivered, unix time by our clock; tasks for later left out
  std::optional<std::vector<RedisPeer>> peers;  ///< the broker's connections, where we looked
  Failure peers_refused;
  Failure deaf;              ///< why nothing is heard that workers publish
  bool reconnected = false;  ///< the broker, or the way to it, was away a moment ago

  Failure ping_failure;             ///< why nobody was asked for a reply
  std::vector<PidboxRound> rounds;  ///< `ping`, and with an inspection the others
  bool inspected = false;           ///< an inspection was tried
  Failure uninspected;              ///< and why it told nothing, or not all
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
  void withdrawn(std::size_t queue, std::string_view message) { ages_.withdrawn(queue, message); }

 private:
  asio::awaitable<void> look_at_unacked(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                        CelerySight& sight);
  asio::awaitable<void> look_at_peers(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                      CelerySight& sight);
  asio::awaitable<void> ask_workers(const Turns::Turn& turn, Tools& tools, Trace& trace, Deadline deadline,
                                    bool inspect, CelerySight& sight);
  asio::awaitable<void> inspect_workers(const Turns::Turn& turn, Tools& tools, Trace& trace,
                                        Deadline deadline, CelerySight& sight);
  asio::awaitable<void> ask_for_heartbeats(const Turns::Turn& turn, Deadline deadline, CelerySight& sight);
  bool peers_due() const;

  std::shared_ptr<Broker> broker_;
  const CeleryOptions& options_;
  CeleryAges ages_;
  SideQuestion unacked_;  ///< the messages behind the oldest entries
  SideQuestion peers_;    ///< CLIENT LIST
  SideQuestion tasks_;    ///< what workers run and hold
  Deadline::Clock::time_point peers_at_{};
  long long clients_ = 0;  ///< connections to the broker
};

}  // namespace healthd
