// What each Celery worker is up to, judged from answers, life signs, connections and what the worker says of
// itself. A heartbeat does not prove that a worker consumes, and silence does not prove that it is dead.
// Pure: the time is an argument. The order of the questions is that of the fault table in ops/celery.md.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/net/broker_news.hpp"
#include "probes/net/client_list.hpp"
#include "probes/net/inspect.hpp"

namespace healthd {

enum class WorkerState { healthy, saturated, hung, catatonic, dead, stopped, detached, busy_solo, unknown };
constexpr std::size_t worker_state_count = static_cast<std::size_t>(WorkerState::unknown) + 1;
std::string_view to_string(WorkerState state);
/// Neither dead nor stopped.
bool is_there(WorkerState state);
/// It answered, and so tells of itself.
bool answers(WorkerState state);
/// `worker-offline`, and nothing was heard of it since.
bool said_good_bye(const WorkerNews& news);

/// A connection that takes tasks asks anew every second: beyond so many seconds it does not any more.
inline constexpr long long consuming_idle = 3;

struct WorkerVerdict {
  std::string node;
  WorkerState state = WorkerState::unknown;
  std::string detail;           ///< why, for a person; "" where nothing is wrong
  std::string version;          ///< of Celery, where it was heard
  long long stuck = 0;          ///< tasks that it holds back although its pool has room
  bool never_answered = false;  ///< it is known by what it publishes alone
  bool may_be_full = false;     ///< tasks run, and how many could is not known
};

/// What one run saw.
struct WorkerRound {
  using Time = std::chrono::steady_clock::time_point;

  Time asked_at;                                  ///< when the question went out
  bool asked = false;                             ///< false where nothing was asked, because we may not
  long long receivers = 0;                        ///< who listened
  long long answers = 0;                          ///< messages that came back, unnamed ones included
  std::vector<std::string> nodes;                 ///< who answered, one entry for each answer
  const std::vector<RedisPeer>* peers = nullptr;  ///< nullptr where connections were not looked at
  std::optional<Time> hearing_since;  ///< since when life signs would be heard; nullopt where they are not
};

class CeleryWorkers {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Span = std::chrono::steady_clock::duration;

  /// `inspect_interval`: how far apart observations of held back tasks lie.
  CeleryWorkers(Span inspect_interval, Time start);

  /// The broker was away until now: workers get time to come back, each until it did.
  void interrupted(Time now);

  /// What the workers said of themselves. nullopt members of a message are left as they were.
  void told_pool(const std::string& node, WorkerPool pool, Time now);
  void told_queues(const std::string& node, const std::vector<std::string>& queues, Time now);
  void told_tasks(const std::string& node, const std::vector<WorkerTask>& active,
                  const std::vector<WorkerTask>& reserved, Time now);

  /// The verdicts after one run, by name. At most 50 workers; one is forgotten an hour after its last sign.
  std::vector<WorkerVerdict> judge(const WorkerRound& round, const std::map<std::string, WorkerNews>& news,
                                   Time now);

  /// After a run in which the broker told nothing: nobody is accused. Counts as an interruption.
  std::vector<WorkerVerdict> cannot_tell(Time now);

  /// The workers that answered were asked what they do and consume.
  void inspected();
  /// A worker is new or was restarted and has not been asked yet, or is to be asked again.
  bool wants_inspection() const;
  /// Listeners on the channel of remote control that are no workers.
  long long foreign() const;

 private:
  /// A task that was fetched and not begun, in inspections in which the pool had room.
  struct Held {
    Time first, last;
  };
  struct Worker {
    Time first_seen;
    std::optional<Time> answered;       ///< last
    std::optional<Time> missing_since;  ///< when the first question that it left open was asked
    int missed = 0;                     ///< questions in a row that it left open
    WorkerNews news;
    std::optional<WorkerPool> pool;
    int without_queues = 0;  ///< so often in a row it said that it consumes none
    bool inspected = false;
    long long active = 0;                  ///< at the last inspection
    std::map<std::string, Held> reserved;  ///< by the task's id
    bool holding = false;                  ///< it was taken for one that holds its connection and is silent
    bool was_dead = false;
    WorkerState state = WorkerState::unknown;
    std::string detail;
  };

  void note(const WorkerRound& round, const std::map<std::string, WorkerNews>& news, Time now);
  Worker* find_or_make(const std::string& node, bool answered, Time now);
  std::vector<WorkerVerdict> verdicts() const;
  void note_news(Worker& worker, const WorkerNews& heard);
  void judge_present(Worker& worker);
  bool judge_missing(Worker& worker, const WorkerRound& round, Time now);
  void judge_silent(std::vector<Worker*> silent, long long pending, const WorkerRound& round, Time now);
  void judge_holding(Worker& worker, Time now) const;
  bool all_consume(const WorkerRound& round, Time now) const;
  bool judge_gone(Worker& worker, Time now) const;
  bool judge_catatonic(Worker& worker, const WorkerRound& round, Time now) const;
  bool stale(const Worker& worker, const WorkerRound& round, Time now) const;
  bool in_grace(const Worker& worker, Time now) const;
  static Time last_sign(const Worker& worker);
  static Span longest_task(const Worker& worker);
  long long stuck(const Worker& worker) const;

  Span inspect_interval_;
  Time interrupted_at_;
  Time grace_until_;
  std::map<std::string, Worker> workers_;
  std::vector<long long>
      foreign_;  ///< listeners that are no workers, in the last rounds in which all answered
};

/// Whether a solo worker seems to run a task: a message was popped, and what follows a pop was done at the
/// same moment on another connection of the same host.
bool took_a_message(const std::vector<RedisPeer>& peers);

}  // namespace healthd
