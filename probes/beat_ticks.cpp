#include "probes/beat_ticks.hpp"

#include <algorithm>

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_processes = 256;
constexpr long long most_runs = 1'000'000'000;
constexpr auto forget_process_after = 1h;

}  // namespace

BeatTicks::BeatTicks(Span every, Span interval) : every_{every}, gap_{std::max(every, 2 * interval)} {}

long long BeatTicks::count(Time now, const WorkerStats& worker) {
  task_seen_ = task_seen_ || worker.knows_task;
  const Process process{worker.node, worker.pid};
  const auto started = std::max(worker.started, 0LL);
  const auto known = counts_.find(process);
  if (known == counts_.end()) {
    if (counts_.size() < most_processes) counts_[process] = {started, now};
    return 0;
  }
  const auto risen = std::max(0LL, started - known->second.started);
  known->second = {started, now};
  return risen;
}

BeatTicks::Span BeatTicks::silence(Time now) const {
  const auto since = last_tick_ ? std::max(*last_tick_, observing_since_) : observing_since_;
  return now - since - std::min(unseen_, patience());
}

/// Messages that were unacked all along, such as tasks for next week, say nothing of the workers.
bool BeatTicks::workers_stalled(const std::optional<Backlog>& backlog) const {
  return backlog && (backlog->ready > 0 || backlog->full ||
                     backlog->unacked > least_unacked_.value_or(backlog->unacked));
}

BeatTicks::State BeatTicks::observe(Time now, const std::vector<WorkerStats>& workers,
                                    const std::optional<Backlog>& backlog) {
  risen_ = 0;
  if (workers.empty()) return State::blind;
  // Ticks during a time in which nobody told us are lost to us: begin to watch anew.
  const bool anew = !last_answer_ || now - *last_answer_ > gap_;
  const auto apart = anew ? Span{} : now - *last_answer_;
  if (anew) observing_since_ = now;
  last_answer_ = now;
  std::erase_if(counts_, [&](const auto& entry) { return now - entry.second.seen > forget_process_after; });
  const auto processes = counts_.size();
  for (const auto& worker : workers) {
    // Numbers from outside: their sum must stay one.
    const auto risen = std::min(count(now, worker), most_runs);
    risen_ = std::min(risen_ + risen, most_runs);
  }
  const bool tick = risen_ > 0;
  if (tick) last_tick_ = now;
  if (tick || anew) least_unacked_.reset();
  if (tick || anew) unseen_ = {};
  if (!tick && counts_.size() > processes) unseen_ += apart;
  if (backlog) least_unacked_ = std::min(least_unacked_.value_or(backlog->unacked), backlog->unacked);

  if (last_tick_ && now - *last_tick_ <= patience()) return State::ticking;
  if (silence(now) <= patience()) return State::waiting;
  return workers_stalled(backlog) ? State::stalled : State::silent;
}

}  // namespace healthd
