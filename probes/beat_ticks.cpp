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

BeatTicks::State BeatTicks::observe(Time now, const std::vector<WorkerStats>& workers) {
  if (workers.empty()) return State::blind;
  // Ticks during a time in which nobody told us are lost to us: begin to watch anew.
  if (!last_answer_ || now - *last_answer_ > gap_) observing_since_ = now;
  last_answer_ = now;
  std::erase_if(counts_, [&](const auto& entry) { return now - entry.second.seen > forget_process_after; });
  bool tick = false;
  for (const auto& worker : workers) tick = count(now, worker) || tick;
  if (tick) last_tick_ = now;

  if (last_tick_ && now - *last_tick_ <= patience()) return State::ticking;
  return now - observing_since_ <= patience() ? State::waiting : State::silent;
}

}  // namespace healthd
