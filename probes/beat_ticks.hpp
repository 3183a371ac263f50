// Whether Celery Beat is alive, told from outside: Beat cannot be asked, but each worker counts how often it
// started a task, and a task that only Beat sends is a clock. Pure: the time is an argument.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probes/net/pidbox.hpp"

namespace healthd {

/// What waits on the broker.
struct Backlog {
  long long ready = 0;    ///< in the queue
  long long unacked = 0;  ///< handed to workers; a task for later stays here for as long as it waits
  bool full = false;      ///< every worker that answers has all of its places taken
};

class BeatTicks {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Span = std::chrono::steady_clock::duration;

  enum class State {
    ticking,  ///< a tick in time
    waiting,  ///< none lately, but we have not watched for long enough to say
    silent,   ///< workers answer, and no tick came for three periods
    stalled,  ///< likewise, but ticks may have come: messages wait, more are unacked than there were, or all
              ///< pools are full
    blind,    ///< no worker answered, so nothing was seen
  };

  /// `interval`: how often observe() is called; answers that far apart are no gap.
  BeatTicks(Span every, Span interval);

  /// What the workers that answered say now. A count that rose since the same process was last seen is a
  /// tick; a process seen for the first time is a starting point; one that is missing is left as it was.
  /// What a new process ran before we saw it nobody told us: the time before it is no silence, up to three
  /// periods of it.
  /// Without a `backlog` nobody is called stalled.
  State observe(Time now, const std::vector<WorkerStats>& workers,
                const std::optional<Backlog>& backlog = std::nullopt);

  std::optional<Time> last_tick() const { return last_tick_; }
  /// Runs of the task that the last observe() counted, over all workers.
  long long risen() const { return risen_; }
  /// Whether any worker has ever been seen to have run the task.
  bool task_seen() const { return task_seen_; }
  /// The silence that means that Beat does not send.
  Span patience() const { return 3 * every_; }

 private:
  struct Count {
    long long started = 0;
    Time seen;
  };
  using Process = std::pair<std::string, long long>;  ///< node and pid

  long long count(Time now, const WorkerStats& worker);
  Span silence(Time now) const;
  bool workers_stalled(const std::optional<Backlog>& backlog) const;

  Span every_;
  Span gap_;
  std::map<Process, Count> counts_;
  std::optional<Time> last_answer_;
  std::optional<Time> last_tick_;
  Time observing_since_;
  Span unseen_{};  ///< since the last tick, or since we began to watch: while ticks may have passed by us
  std::optional<long long> least_unacked_;  ///< since the last tick, or since we began to watch
  long long risen_ = 0;
  bool task_seen_ = false;
};

}  // namespace healthd
