// The one connection on which we hear what a Celery application publishes. It is kept open beside the probes'
// runs, and made anew where it broke.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probes/deadline.hpp"
#include "probes/net/broker_news.hpp"
#include "probes/net/celery_names.hpp"
#include "probes/net/redis.hpp"

namespace healthd {

/// Beyond life signs of workers, which are always listened to.
struct ListeningOptions {
  bool task_events = true;
  bool task_results = true;
  std::string result_prefix{result_key_prefix};  ///< of the channels that tell of results
  bool operator==(const ListeningOptions&) const = default;
};

/// What is heard at a moment.
struct Hearing {
  /// Since when without a gap; nullopt while nothing is.
  std::optional<std::chrono::steady_clock::time_point> since = {};
  bool results = false;
  std::string unheard = {};  ///< what we may not, or cannot, listen to; "" where all is heard
};

class BrokerSubscription {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Both are read when it connects, and outlive it.
  BrokerSubscription(const RedisTarget& target, const CeleryNames& names);
  ~BrokerSubscription();

  ListeningOptions& options();
  /// The channels it subscribes to, and the one pattern ("" for none).
  std::vector<std::string> channels() const;
  std::string pattern() const;

  /// Listens until it is cancelled. A message of more than 1 MiB breaks the connection; then results, which
  /// may be as large, are not listened to for ten minutes, and connections that end soon are made ever more
  /// slowly. One at a time: whoever comes while another one does it takes over from there.
  asio::awaitable<void> listen(Resolver& resolver);
  /// Likewise, for good: single runs need not listen themselves.
  asio::awaitable<void> attend(Resolver& resolver);
  bool attended() const;

  /// Waits until all that was published so far was heard. A connection that does not tell in time is given
  /// up. One call at a time. The failure: why nothing is heard.
  asio::awaitable<Failure> catch_up(Deadline deadline);

  /// Begins anew, wherever the name leads to by now.
  void renew();

  Hearing hearing() const;
  /// Why results are not heard although somebody attends; nothing where they are.
  Failure no_results() const;
  BrokerNews& news();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace healthd
