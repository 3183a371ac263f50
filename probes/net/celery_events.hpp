// What Celery publishes on its own: life signs of workers, task events where they are enabled, and results.
// No I/O. Source: kombu's virtual transport, celery.events, and messages captured from Celery 5.2 and 5.5.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace healthd {

/// `worker-heartbeat`, `worker-online`, `worker-offline`.
struct WorkerEvent {
  enum class Kind { heartbeat, online, offline };
  Kind kind = Kind::heartbeat;
  std::string node;
  long long pid = 0;
  double frequency = 2;             ///< seconds between heartbeats, as the worker says
  std::optional<long long> active;  ///< tasks that run now; absent in an answer to a heartbeat request
  std::string version;              ///< of Celery
  /// An answer to a request for a heartbeat, which has no load in it, rather than a periodic one.
  bool prompted = false;
};

/// nullopt for anything else, and where the node has no name.
std::optional<WorkerEvent> decode_worker_event(std::string_view message);

/// `task-sent` and its like; of one message, for workers send theirs in lists.
struct TaskEvent {
  std::string type;    ///< without `task-`: sent received started succeeded failed retried rejected revoked
  std::string name;    ///< of the task; only in `sent` and `received`
  std::string sender;  ///< the worker's node, or `gen<pid>@host` of a client or of Beat
};

/// At most 1,000 of one message; what is no task event is left out.
std::vector<TaskEvent> decode_task_events(std::string_view message);

/// The `status` of a stored result, such as SUCCESS; the result itself is not looked at. "" where there is
/// none.
std::string decode_result_status(std::string_view message);

/// The outcome of a task of ours, whose result is a text.
struct TaskOutcome {
  std::string status;     ///< SUCCESS, FAILURE, REVOKED ...
  std::string value;      ///< with SUCCESS: the result where it is a text
  std::string exception;  ///< else: the class of the exception, such as NotRegistered
};

/// nullopt for what is no stored result.
std::optional<TaskOutcome> decode_outcome(std::string_view message);

}  // namespace healthd
