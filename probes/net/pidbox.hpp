// Celery's remote control messages: a broadcast request that every worker reads, and one reply from each. No
// I/O. Source: kombu's pidbox and virtual transport, and messages captured from Celery 5.2 and 5.5.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace healthd {

struct PidboxRequest {
  std::string method;    ///< `ping`, `stats`: only those that read
  std::string ticket;    ///< ties replies to this request
  std::string reply_id;  ///< where they go; "" for a request that nobody replies to, such as `heartbeat`
  std::chrono::system_clock::time_point expires;
};

/// The message to PUBLISH.
std::string encode_request(const PidboxRequest& request);

struct PidboxReply {
  std::string ticket;
  std::string
      node;  ///< "" where the body is not JSON (a site that serialises with pickle): alive, but unnamed
  std::string value;  ///< the node's answer, JSON text
};

/// nullopt for what is not a reply at all.
std::optional<PidboxReply> decode_reply(std::string_view message);

/// What a worker's answer to `stats` says of one task.
struct WorkerStats {
  std::string node;
  long long pid = 0;
  long long started = 0;  ///< runs of the task since the worker started; 0 also where it never ran
  bool knows_task = false;
};

/// nullopt where the answer is an error or no statistics.
std::optional<WorkerStats> decode_stats(const PidboxReply& reply, const std::string& task);

}  // namespace healthd
