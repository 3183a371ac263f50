// From what the runs of a celery probe saw to its result: checks, samples, evidence. No I/O.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "probes/celery_look.hpp"
#include "probes/celery_workers.hpp"
#include "probes/moment.hpp"

namespace healthd {

class CeleryJudge {
 public:
  CeleryJudge(const CeleryOptions& options, int database, Moment::Steady start);

  ProbeResult judge(const CelerySight& sight, const BrokerNews& news, const Hearing& hearing,
                    const Moment& now);

  /// Whether the next run is to look into the workers.
  bool wants_inspection(Moment::Steady now) const;

 private:
  void notice_returns(const CelerySight& sight, const Hearing& hearing, Moment::Steady now);
  void learn(const CelerySight& sight, Moment::Steady now);
  void learn_consumers(const CelerySight& sight, Moment::Steady now);
  std::vector<WorkerVerdict> verdicts(const CelerySight& sight, const BrokerNews& news, Moment::Steady now);
  std::optional<std::vector<RedisPeer>> neighbours(const CelerySight& sight) const;
  void judge_replies(const CelerySight& sight, const std::vector<WorkerVerdict>& workers, ProbeResult& result,
                     Moment::Steady now) const;
  CheckResult without_answers(const CelerySight& sight, const std::vector<WorkerVerdict>& workers) const;
  CheckResult passive_replies(const std::vector<WorkerVerdict>& workers) const;
  void judge_count(const CelerySight& sight, const std::vector<WorkerVerdict>& workers,
                   ProbeResult& result) const;
  void judge_queues(const CelerySight& sight, ProbeResult& result, const Moment& now);
  void judge_ages(const CelerySight& sight, const std::vector<WorkerVerdict>& workers,
                  ProbeResult& result) const;
  void judge_consumers(const CelerySight& sight, const std::vector<WorkerVerdict>& workers,
                       ProbeResult& result, Moment::Steady now);
  bool nobody_pops(const CelerySight& sight, const std::vector<WorkerVerdict>& workers);
  void learn_tasks(const CelerySight& sight, Moment::Steady now);
  bool still_holds(Moment::Steady now) const;
  void report_workers(const std::vector<WorkerVerdict>& workers, ProbeResult& result) const;
  void report_consumers(const CelerySight& sight, ProbeResult& result, Moment::Steady now) const;
  void report_tasks(ProbeResult& result, Moment::Steady now) const;
  void report_news(const BrokerNews& news, const Hearing& hearing, ProbeResult& result) const;
  void tell_last_seen(const CelerySight& sight, const BrokerNews& news, ProbeResult& result,
                      const Moment& now);

  const CeleryOptions& options_;
  int database_;
  CeleryWorkers workers_;
  QueueMemory queue_memory_;
  std::map<std::string, Moment::Steady> last_seen_;
  std::optional<Moment::Steady> hearing_since_;
  std::optional<Moment::Steady> ear_returned_at_;  ///< when that last bought the workers time
  std::optional<Moment::Steady> inspected_at_;
  std::optional<Moment::Steady> learned_at_;  ///< when an inspection last told something
  bool was_away_ = false;                     ///< the broker told nothing in the last run
  std::optional<Moment::Steady> back_at_;     ///< when the broker was there again
  int idle_runs_ = 0;                         ///< in a row in which messages waited and nobody popped
  /// Queues with messages and without a consumer, by how many inspections in a row said so.
  std::map<std::string, int> orphaned_;
  /// Workers that consume a queue, by the last inspection in which all of them said so; absent before.
  std::optional<std::map<std::string, long long>> consumers_;
  Failure uninspected_;  ///< why the last inspection told nothing
  bool tasks_known_ = false;
  std::map<std::string, long long> active_;  ///< by queue, at the last inspection
  std::optional<double> longest_since_;      ///< when the task that runs longest was started
  CheckResult settings_;                     ///< the verdict of the last inspection
};

}  // namespace healthd
