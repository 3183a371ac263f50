// Workers' answers to `stats`, `active`, `reserved` and `active_queues`. No I/O. Source:
// celery.worker.control, and answers captured from Celery 5.2 and 5.5.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/net/pidbox.hpp"

namespace healthd {

/// How the worker itself is set up to use the broker; absent where it does not say.
struct BrokerView {
  std::optional<int> database;
  std::optional<std::string> key_prefix;     ///< `global_keyprefix`
  std::optional<std::string> separator;      ///< `sep`
  std::optional<std::vector<int>> steps;     ///< `priority_steps`
  std::optional<double> visibility_timeout;  ///< seconds
  /// `fanout_prefix` as the configuration of Celery has it: a text, or "true" / "false".
  std::optional<std::string> fanout_prefix;
  std::optional<bool> fanout_patterns;
};

struct WorkerPool {
  long long pid = 0;
  double uptime = 0;                 ///< seconds; 0 where it is not told
  long long concurrency = 0;         ///< most tasks at a time; 0 where it is not told
  bool solo = false;                 ///< tasks run in the main process, which answers nothing meanwhile
  std::optional<double> hard_limit;  ///< seconds that a task may take, by default
  BrokerView broker;
};

/// nullopt where the answer is an error or no statistics. Solo: `pool.implementation` says so (from 5.3 on),
/// or the only pool process is the worker's own pid.
std::optional<WorkerPool> decode_pool(const PidboxReply& reply);

struct WorkerTask {
  std::string id;
  std::string name;
  std::string queue;              ///< the routing key it was delivered by; "" where it is not told
  std::optional<double> started;  ///< unix time, by the worker's clock
};

/// Answers to `active` and `reserved`: at most 1,000 tasks. nullopt for an error or anything else.
std::optional<std::vector<WorkerTask>> decode_tasks(const PidboxReply& reply);

/// The names in an answer to `active_queues`, at most 1,000. nullopt for an error or anything else.
std::optional<std::vector<std::string>> decode_queues(const PidboxReply& reply);

/// A queued message's headers, as far as they tell when it was sent. Source: Celery's message protocol 2.
struct MessageDates {
  std::optional<double>
      stamped;                ///< unix time of the header `healthd_sent_at`, where the application adds it
  bool redelivered = false;   ///< handed back to the queue after a worker had it
  std::optional<double> eta;  ///< unix time before which it is not to run; from an ISO 8601 text
};

/// Of the message alone, or of an entry of `unacked`, `[message, exchange, routing_key]`. Empty for what is
/// neither.
MessageDates decode_dates(std::string_view message);

}  // namespace healthd
