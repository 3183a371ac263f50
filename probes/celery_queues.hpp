// What the broker's keys say of a Celery application: how much waits, and since when nothing moved.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/net/celery_names.hpp"
#include "probes/net/resp.hpp"

namespace healthd {

/// A message that was handed to a worker.
struct UnackedMessage {
  std::string tag;
  double at = 0;  ///< unix time, by the worker's clock
};

struct QueueReport {
  std::vector<long long> lengths;  ///< of the queues that were asked for, over all priority steps
  std::vector<long long> lists;    ///< of each list: queue by queue, step by step
  long long unacked = 0;
  std::vector<UnackedMessage> oldest;  ///< the ten that were handed out first and are not acknowledged
  std::optional<double> time;          ///< of the server, unix time
  Failure failure;                     ///< the first refusal; the rest is then not to be used
};

/// One pipeline, no transaction: inside MULTI everything is refused once memory is used up.
std::vector<RedisCommand> queue_commands(const CeleryNames& names, const std::vector<std::string>& queues);

/// Reads the answers to queue_commands(), which may be followed by others.
QueueReport read_queues(const CeleryNames& names, const std::vector<std::string>& queues,
                        const std::vector<RedisReply>& replies);

/// A moment of the broker's, moved to our clock (`now`); nullopt where the broker did not tell its time.
std::optional<double> by_our_clock(const QueueReport& report, double moment,
                                   std::chrono::system_clock::time_point now);

/// Since when each queue has not been empty.
class QueueMemory {
 public:
  using Time = std::chrono::steady_clock::time_point;  ///< a step of the wall clock is no standstill

  /// When the queue was last seen empty; the first observation where it never was.
  Time last_empty(const std::string& queue, long long length, Time now);

 private:
  std::map<std::string, Time> last_empty_;
};

}  // namespace healthd
