#include "probes/beat_ticks.hpp"

#include <algorithm>

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_processes = 256;
constexpr auto forget_process_after = 1h;

}  // namespace

BeatTicks::BeatTicks(Span every, Span interval) : every_{every}, gap_{std::max(every, 2 * interval)} {}

bool BeatTicks::count(Time now, const WorkerStats& worker) {
  task_seen_ = task_seen_ || worker.knows_task;
  const Process process{worker.node, worker.pid};
  const auto known = counts_.find(process);
  if (known == counts_.end()) {
    if (counts_.size() < most_processes) counts_[process] = {worker.started, now};
    return false;
  }
  const bool rose = worker.started > known->second.started;
  known->second = {worker.started, now};
  return rose;
}

/// Messages that were unacked all along, such as tasks for next week, say nothing of the workers.
bool BeatTicks::workers_stalled(const std::optional<Backlog>& backlog) const {
  return backlog && (backlog->ready > 0 || backlog->unacked > unacked_before_.value_or(backlog->unacked));
}

BeatTicks::State BeatTicks::observe(Time now, const std::vector<WorkerStats>& workers,
                                    const std::optional<Backlog>& backlog) {
  if (workers.empty()) return State::blind;
  // Ticks during a time in which nobody told us are lost to us: begin to watch anew.
  const bool anew = !last_answer_ || now - *last_answer_ > gap_;
  if (anew) observing_since_ = now;
  last_answer_ = now;
  std::erase_if(counts_, [&](const auto& entry) { return now - entry.second.seen > forget_process_after; });
  bool tick = false;
  for (const auto& worker : workers) tick = count(now, worker) || tick;
  if (tick) last_tick_ = now;
  if (tick || anew) unacked_before_.reset();
  if (!unacked_before_ && backlog) unacked_before_ = backlog->unacked;

  if (last_tick_ && now - *last_tick_ <= patience()) return State::ticking;
  if (now - observing_since_ <= patience()) return State::waiting;
  return workers_stalled(backlog) ? State::stalled : State::silent;
}

}  // namespace healthd
