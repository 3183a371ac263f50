// Samples and evidence beside the checks.
#include <algorithm>

#include "probes/celery_judge.hpp"
#include "probes/celery_verdicts.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_last_seen = 50;
constexpr auto forget_worker_after = 1h;

/// That an unknown worker is not catatonic was not observed either, so then its other states are absent.
void add_states(const WorkerVerdict& worker, ProbeResult& result) {
  for (std::size_t at = 0; at < worker_state_count; ++at) {
    const auto state = static_cast<WorkerState>(at);
    if (worker.state == WorkerState::unknown && state != WorkerState::unknown) continue;
    result.samples.push_back({"healthd_celery_worker_state",
                              worker.state == state ? 1.0 : 0.0,
                              {{"worker", worker.node}, {"state", std::string{to_string(state)}}}});
  }
}

/// Whether it is known what tasks the worker holds: it says so, or it is gone.
bool tells_of_tasks(WorkerState state) {
  return state != WorkerState::unknown && state != WorkerState::hung && state != WorkerState::catatonic &&
         state != WorkerState::busy_solo;
}

}  // namespace

void CeleryJudge::report_workers(const std::vector<WorkerVerdict>& workers, ProbeResult& result) const {
  std::vector<std::string> lines;
  std::vector<std::string> well_ones;  // after the others, of which more is to be said
  std::vector<std::string> versions;
  for (const auto& worker : workers) {
    add_states(worker, result);
    if (tells_of_tasks(worker.state))
      result.samples.push_back({"healthd_celery_worker_stuck_tasks",
                                static_cast<double>(worker.stuck),
                                {{"worker", worker.node}}});
    const auto why = worker.detail.empty() ? std::string{} : " (" + worker.detail + ")";
    auto& list = worker.state == WorkerState::healthy ? well_ones : lines;
    list.push_back(worker.node + " " + std::string{to_string(worker.state)} + why);
    if (!worker.version.empty() && std::ranges::find(versions, worker.version) == versions.end())
      versions.push_back(worker.version);
  }
  lines.insert(lines.end(), well_ones.begin(), well_ones.end());
  result.evidence.emplace_back("workers", joined(lines));
  if (!versions.empty()) result.evidence.emplace_back("celery", joined(versions));
}

void CeleryJudge::tell_last_seen(const CelerySight& sight, const BrokerNews& news, ProbeResult& result,
                                 const Moment& now) {
  const auto see = [&](const std::string& node, Moment::Steady when) {
    if (last_seen_.size() >= most_last_seen && !last_seen_.contains(node)) return;
    auto& seen = last_seen_[node];
    seen = std::max(seen, when);
  };
  if (const auto* asked = asked_round(sight))
    for (const auto& node : nodes_of(asked->replies)) see(node, now.steady);
  for (const auto& [node, heard] : news.workers())
    if (heard.heartbeat) see(node, *heard.heartbeat);
  std::erase_if(last_seen_,
                [&](const auto& entry) { return now.steady - entry.second > forget_worker_after; });
  for (const auto& [node, seen] : last_seen_)
    result.samples.push_back(
        {"healthd_celery_worker_last_seen_timestamp_seconds", now.unix_seconds(seen), {{"worker", node}}});
}

void CeleryJudge::report_news(const BrokerNews& news, const Hearing& hearing, ProbeResult& result) const {
  if (!hearing_since_) return;
  const auto add = [&](const char* metric, const char* label, const auto& names, const auto& counts) {
    for (std::size_t at = 0; at < names.size(); ++at)
      result.samples.push_back({metric, static_cast<double>(counts[at]), {{label, names[at]}}});
  };
  if (hearing.results)
    add("healthd_celery_task_results_total", "outcome", BrokerNews::outcomes, news.results());
  if (options_.listening.task_events)
    add("healthd_celery_task_events_total", "event", BrokerNews::event_types, news.events());
  if (!hearing.unheard.empty()) result.evidence.emplace_back("not heard", hearing.unheard);
}

}  // namespace healthd
