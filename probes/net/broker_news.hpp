// What was heard from a Celery application without asking: life signs of workers, events of tasks, results.
// No I/O; bounded, whoever publishes.
#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "probes/net/celery_events.hpp"

namespace healthd {

struct WorkerNews {
  using Time = std::chrono::steady_clock::time_point;
  std::optional<Time> heartbeat;  ///< the last one, periodic or not, by our clock
  std::optional<Time> prompted;   ///< the last answer to a request for a heartbeat
  std::optional<Time> online, offline;
  long long pid = 0;
  double frequency = 2;             ///< seconds between heartbeats
  std::optional<long long> active;  ///< tasks that ran at the last periodic heartbeat
  std::string version;              ///< of Celery
};

class BrokerNews {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Sent {
    Time at;
    std::string sender;
  };
  struct Result {
    Time at;
    TaskOutcome outcome;
  };

  /// `channel`: where it was published; `results`: the prefix of the channels that tell of results.
  void hear(std::string_view channel, std::string_view message, std::string_view results, Time now);

  const std::map<std::string, WorkerNews>& workers() const { return workers_; }
  /// Forgets workers that were last heard of before this.
  void forget_before(Time when);

  /// Notes who sends this task, from now on.
  void watch_task(const std::string& name) { sends_.try_emplace(name); }
  /// Takes what was noted since the last call.
  std::deque<Sent> take_sends(const std::string& name);

  /// Keeps the outcome of this task of ours when it is told.
  void watch_result(const std::string& id) { outcomes_.try_emplace(id); }
  void forget_result(const std::string& id) { outcomes_.erase(id); }
  const std::optional<Result>& result(const std::string& id) const { return outcomes_.at(id); }

  static constexpr std::array event_types{"sent",   "received", "started",  "succeeded",
                                          "failed", "retried",  "rejected", "revoked"};
  static constexpr std::array outcomes{"success", "failure", "retry", "revoked", "other"};
  const std::array<long long, event_types.size()>& events() const { return events_; }
  const std::array<long long, outcomes.size()>& results() const { return results_; }

 private:
  void hear_worker(WorkerEvent event, Time now);
  void hear_task(const TaskEvent& event, Time now);
  void hear_result(const std::string& id, std::string_view message, Time now);

  std::map<std::string, WorkerNews> workers_;
  std::map<std::string, std::deque<Sent>> sends_;
  std::map<std::string, std::optional<Result>> outcomes_;
  std::array<long long, event_types.size()> events_{};
  std::array<long long, outcomes.size()> results_{};
};

}  // namespace healthd
