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

struct QueueReport {
  std::vector<long long>
      lengths;  ///< in the order of the queues that were asked for, over all priority steps
  long long unacked = 0;
  std::optional<double> oldest_unacked;  ///< when it was delivered, by our clock; absent where there is none
  Failure failure;                       ///< the first refusal; the rest is then not to be used
};

/// One pipeline, no transaction: inside MULTI everything is refused once memory is used up.
std::vector<RedisCommand> queue_commands(const CeleryNames& names, const std::vector<std::string>& queues);

/// Reads the answers to queue_commands(). `now`: our clock, to which the broker's moments are moved.
QueueReport read_queues(const CeleryNames& names, const std::vector<std::string>& queues,
                        const std::vector<RedisReply>& replies, std::chrono::system_clock::time_point now);

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
