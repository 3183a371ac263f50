// What workers say of themselves in an inspection.
#include <algorithm>

#include "probes/celery_judge.hpp"
#include "probes/celery_settings.hpp"
#include "probes/celery_verdicts.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

}  // namespace

void CeleryJudge::learn(const CelerySight& sight, Moment::Steady now) {
  if (!sight.inspected) return;
  inspected_at_ = now;
  workers_.inspected();
  uninspected_ = sight.uninspected;
  const auto* stats = sight.round("stats");
  if (stats == nullptr) return;
  settings_ = {"settings", Status::up};
  for (const auto& reply : stats->replies) {
    auto pool = decode_pool(reply);
    if (!pool) continue;
    learned_at_ = now;
    if (settings_.status == Status::up)
      settings_ = compare_settings(options_, database_, reply.node, pool->broker);
    workers_.told_pool(reply.node, std::move(*pool), now);
  }
  learn_consumers(sight, now);
  learn_tasks(sight, now);
}

/// Only where every listener said what it consumes is it known that nobody consumes a queue.
void CeleryJudge::learn_consumers(const CelerySight& sight, Moment::Steady now) {
  const auto* round = sight.round("active_queues");
  if (round == nullptr) return;
  std::map<std::string, long long> counts;
  bool all_told = !round->replies.empty() &&
                  static_cast<long long>(round->replies.size()) >= round->receivers - workers_.foreign();
  for (const auto& reply : round->replies) {
    const auto names = decode_queues(reply);
    all_told = all_told && names;
    if (!names) continue;
    workers_.told_queues(reply.node, *names, now);
    for (const auto& name : *names) ++counts[name];
  }
  for (std::size_t at = 0; at < options_.queues.size() && at < sight.queues.lengths.size(); ++at) {
    const auto& queue = options_.queues[at];
    const bool consumed = counts.contains(queue);
    if (consumed || sight.queues.lengths[at] == 0) {
      orphaned_.erase(queue);
    } else if (all_told) {
      ++orphaned_[queue];
    }
  }
  consumers_ = all_told ? std::optional{std::move(counts)} : std::nullopt;
}

void CeleryJudge::learn_tasks(const CelerySight& sight, Moment::Steady now) {
  const auto* active = sight.round("active");
  const auto* reserved = sight.round("reserved");
  active_.clear();
  longest_since_.reset();
  tasks_known_ = active != nullptr;
  if (!tasks_known_) return;
  for (const auto& reply : active->replies) {
    const auto running = decode_tasks(reply);
    if (!running) continue;
    for (const auto& task : *running) {
      const bool known = std::ranges::find(options_.queues, task.queue) != options_.queues.end();
      ++active_[known ? task.queue : "other"];
      if (task.started) longest_since_ = std::min(longest_since_.value_or(*task.started), *task.started);
    }
    std::vector<WorkerTask> waiting;
    if (reserved != nullptr) {
      const auto same = std::ranges::find(reserved->replies, reply.node, &PidboxReply::node);
      if (same != reserved->replies.end()) waiting = decode_tasks(*same).value_or(waiting);
    }
    workers_.told_tasks(reply.node, *running, waiting, now);
  }
}

/// What was told long ago need not be so any more.
bool CeleryJudge::still_holds(Moment::Steady now) const {
  return learned_at_ && now - *learned_at_ <= 2 * options_.inspect_interval + 1min;
}

void CeleryJudge::report_tasks(ProbeResult& result, Moment::Steady now) const {
  if (!still_holds(now) || !tasks_known_) return;
  for (const auto& queue : options_.queues) {
    const auto active = active_.find(queue);
    result.samples.push_back({"healthd_celery_tasks_active",
                              active == active_.end() ? 0.0 : static_cast<double>(active->second),
                              {{"queue", queue}}});
  }
  if (const auto others = active_.find("other"); others != active_.end())
    result.samples.push_back(
        {"healthd_celery_tasks_active", static_cast<double>(others->second), {{"queue", "other"}}});
  if (longest_since_)
    result.samples.push_back({"healthd_celery_oldest_active_task_timestamp_seconds", *longest_since_});
}

void CeleryJudge::report_consumers(const CelerySight& sight, ProbeResult& result, Moment::Steady now) const {
  for (const auto& queue : options_.queues) {
    const auto orphaned = orphaned_.find(queue);
    const bool none = orphaned != orphaned_.end() && orphaned->second >= 2;
    if ((consumers_ && still_holds(now)) || none)
      result.samples.push_back(
          {"healthd_celery_queue_without_consumer", none ? 1.0 : 0.0, {{"queue", queue}}});
    if (!consumers_ || !still_holds(now)) continue;
    const auto count = consumers_->find(queue);
    const auto consumers = count == consumers_->end() ? 0.0 : static_cast<double>(count->second);
    result.samples.push_back({"healthd_celery_consumers", consumers, {{"queue", queue}}});
  }
  if (!sight.peers) return;
  const auto consumers = consumers_of(*neighbours(sight));
  const auto blocked = std::ranges::count_if(consumers, &RedisPeer::blocked);
  const auto all = static_cast<long long>(consumers.size());
  result.samples.push_back(
      {"healthd_celery_consumer_connections", static_cast<double>(blocked), {{"state", "blocked"}}});
  result.samples.push_back(
      {"healthd_celery_consumer_connections", static_cast<double>(all - blocked), {{"state", "idle"}}});
}

}  // namespace healthd
