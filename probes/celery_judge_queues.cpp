// What waits in the queues, for how long, and who takes it.
#include <algorithm>
#include <numeric>

#include "probes/celery_judge.hpp"
#include "probes/celery_verdicts.hpp"

namespace healthd {

void CeleryJudge::judge_queues(const CelerySight& sight, ProbeResult& result, const Moment& now) {
  const auto& report = sight.queues;
  if (const auto& refused = report.failure) {
    result.checks.push_back({"queues", Status::unknown, refused.reason, refused.detail});
    return;
  }
  result.checks.push_back({"queues", Status::up});
  std::vector<std::string> lengths;
  for (std::size_t at = 0; at < options_.queues.size(); ++at) {
    const auto& queue = options_.queues[at];
    const auto length = report.lengths[at];
    if (length == 0) orphaned_.erase(queue);
    const auto empty_at = now.unix_seconds(queue_memory_.last_empty(queue, length, now.steady));
    result.samples.push_back(
        {"healthd_celery_queue_length", static_cast<double>(length), {{"queue", queue}}});
    result.samples.push_back(
        {"healthd_celery_queue_last_empty_timestamp_seconds", empty_at, {{"queue", queue}}});
    lengths.push_back(queue + "=" + std::to_string(length));
  }
  result.samples.push_back({"healthd_celery_unacked_messages", static_cast<double>(report.unacked)});
  if (sight.oldest_unacked)
    result.samples.push_back({"healthd_celery_oldest_unacked_timestamp_seconds", *sight.oldest_unacked});
  result.evidence.emplace_back("queues", joined(lengths));
  result.evidence.emplace_back("unacked", std::to_string(report.unacked));
}

void CeleryJudge::judge_ages(const CelerySight& sight, const std::vector<WorkerVerdict>& workers,
                             ProbeResult& result) const {
  const std::chrono::duration<double> most = options_.max_wait;
  bool known = false;
  CheckResult wait{"wait", Status::up};
  for (std::size_t at = 0; at < sight.ages.size(); ++at) {
    const auto& age = sight.ages[at];
    if (!age) continue;
    known = true;
    const auto& queue = options_.queues[at];
    const auto add = [&](const char* bound, double value) {
      result.samples.push_back(
          {"healthd_celery_queue_oldest_message_age_seconds", value, {{"queue", queue}, {"bound", bound}}});
    };
    add("lower", age->lower);
    if (age->upper) add("upper", *age->upper);
    if (age->lower <= most.count() || wait.status == Status::down) continue;
    const bool full = any(workers, WorkerState::saturated) && !any(workers, WorkerState::healthy);
    wait = {"wait", Status::down, full ? Reason::saturated : Reason::not_consuming,
            "a message has waited in " + queue + " for " +
                format_duration(std::chrono::seconds{static_cast<long long>(age->lower)}) + " or longer" +
                (full ? "; every worker is fully occupied" : "")};
  }
  if (sight.ageless)
    wait = {"wait", Status::unknown, sight.ageless.reason,
            "how long messages have waited: " + sight.ageless.detail};
  if (known || sight.ageless) result.checks.push_back(std::move(wait));
}

/// Messages wait, and every connection that could take them has stopped asking, although pools have room.
bool CeleryJudge::nobody_pops(const CelerySight& sight, const std::vector<WorkerVerdict>& workers) {
  const auto waiting = std::accumulate(sight.queues.lengths.begin(), sight.queues.lengths.end(), 0LL);
  const bool open = working(workers) > 0 && !any(workers, WorkerState::saturated) &&
                    !any(workers, WorkerState::busy_solo) &&
                    std::ranges::none_of(workers, &WorkerVerdict::may_be_full);
  if (waiting == 0 || !open) idle_runs_ = 0;
  if (!sight.peers || waiting == 0 || !open) return idle_runs_ >= 2;
  const auto consumers = consumers_of(*neighbours(sight));
  const bool popping = std::ranges::any_of(
      consumers, [](const RedisPeer& peer) { return peer.blocked || peer.idle <= consuming_idle; });
  idle_runs_ = popping ? 0 : idle_runs_ + 1;
  return idle_runs_ >= 2;
}

void CeleryJudge::judge_consumers(const CelerySight& sight, const std::vector<WorkerVerdict>& workers,
                                  ProbeResult& result, Moment::Steady now) {
  report_consumers(sight, result, now);
  CheckResult check{"consumers", Status::up};
  const auto accuse = [&](Reason reason, std::string detail) {
    if (check.status == Status::up) check = {"consumers", Status::down, reason, std::move(detail)};
  };
  if (const auto names = named(workers, WorkerState::catatonic); !names.empty())
    accuse(Reason::not_consuming,
           joined(names) + ": heartbeats only; nothing is answered or taken. Restart it");
  if (const auto names = named(workers, WorkerState::hung); !names.empty())
    accuse(Reason::no_reply, joined(names) + ": connected, but it gives no sign of life");
  if (const auto names = named(workers, WorkerState::detached); !names.empty())
    accuse(Reason::not_consuming, joined(names) + ": answers, but consumes no queue");
  for (const auto& [queue, times] : orphaned_)
    if (times >= 2)
      accuse(Reason::not_consuming, "no worker consumes the queue " + queue + ", where messages wait");
  if (nobody_pops(sight, workers))
    accuse(Reason::not_consuming, "messages wait and pools have room, but no connection takes any");
  const bool told = check.status == Status::down || (!workers.empty() && !any(workers, WorkerState::unknown));
  if (told) result.checks.push_back(std::move(check));

  const auto held = std::ranges::find_if(workers, [](const auto& worker) { return worker.stuck > 0; });
  if (held != workers.end())
    result.checks.push_back({"pool", Status::down, Reason::not_consuming,
                             held->node + " holds back " + std::to_string(held->stuck) +
                                 " tasks although its pool has room: a pool process hangs"});
}

}  // namespace healthd
