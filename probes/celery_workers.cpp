#include "probes/celery_workers.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Time = CeleryWorkers::Time;
using Span = CeleryWorkers::Span;

constexpr std::size_t most_workers = 50;
constexpr std::size_t most_reserved = 200;
constexpr auto forget_after = 1h;
constexpr Span grace_after_start = 10s;
constexpr Span grace_after_outage = 15s;
constexpr Span least_silence = 10s;
/// A task that runs longer than this in a solo worker that sets no limit is taken for a hang.
constexpr Span longest_solo_task = 30min;

constexpr std::array<std::string_view, worker_state_count> state_names{
    "healthy", "saturated", "hung", "catatonic", "dead", "stopped", "detached", "busy_solo", "unknown"};

Span in_steady(double seconds) {
  return std::chrono::duration_cast<Span>(std::chrono::duration<double>{std::clamp(seconds, 0.0, 1e6)});
}

}  // namespace

std::string_view to_string(WorkerState state) { return state_names.at(static_cast<std::size_t>(state)); }

bool is_there(WorkerState state) { return state != WorkerState::dead && state != WorkerState::stopped; }

bool answers(WorkerState state) {
  return state == WorkerState::healthy || state == WorkerState::saturated || state == WorkerState::detached;
}

bool said_good_bye(const WorkerNews& news) {
  return news.offline &&
         *news.offline >= std::max(news.heartbeat.value_or(Time{}), news.online.value_or(Time{}));
}

bool took_a_message(const std::vector<RedisPeer>& peers) {
  for (const auto& consumer : consumers_of(peers)) {
    if (consumer.blocked) continue;
    // BRPOP's own answer counts as its last moment, so what follows a pop is never older than it. Where it
    // is, BRPOP was answered once more, with nothing.
    const auto followed = [&](const RedisPeer& other) {
      const auto later = consumer.idle - other.idle;
      return other.command == "exec" && other.host == consumer.host && later >= 0 && later <= 1;
    };
    if (std::ranges::any_of(peers, followed)) return true;
  }
  return false;
}

CeleryWorkers::CeleryWorkers(Span inspect_interval, Time start)
    : inspect_interval_{inspect_interval}, interrupted_at_{start}, grace_until_{start + grace_after_start} {}

bool CeleryWorkers::in_grace(const Worker& worker, Time now) const {
  return now < grace_until_ && worker.answered.value_or(Time{}) <= interrupted_at_;
}

void CeleryWorkers::interrupted(Time now) {
  interrupted_at_ = now;
  grace_until_ = std::max(grace_until_, now + grace_after_outage);
  for (auto& [node, worker] : workers_) {
    worker.missing_since.reset();
    worker.missed = 0;
    worker.reserved.clear();
  }
}

void CeleryWorkers::told_pool(const std::string& node, WorkerPool pool, Time now) {
  const auto known = workers_.find(node);
  if (known == workers_.end()) return;
  auto& worker = known->second;
  const bool restarted = worker.pool && worker.pool->pid != pool.pid;
  if (restarted) worker.reserved.clear();
  worker.pool = std::move(pool);
  worker.answered = now;
}

void CeleryWorkers::told_queues(const std::string& node, const std::vector<std::string>& queues, Time now) {
  const auto known = workers_.find(node);
  if (known == workers_.end()) return;
  auto& worker = known->second;
  worker.without_queues = queues.empty() ? worker.without_queues + 1 : 0;
  worker.answered = now;
}

/// While the pool is full, whoever waits for it has a reason.
void CeleryWorkers::told_tasks(const std::string& node, const std::vector<WorkerTask>& active,
                               const std::vector<WorkerTask>& reserved, Time now) {
  const auto known = workers_.find(node);
  if (known == workers_.end()) return;
  auto& worker = known->second;
  worker.active = static_cast<long long>(active.size());
  const bool room = worker.pool && worker.pool->concurrency > worker.active;
  std::map<std::string, Held> waiting;
  for (const auto& task : reserved) {
    if (!room || waiting.size() >= most_reserved) break;
    const auto before = worker.reserved.find(task.id);
    waiting[task.id] = {before == worker.reserved.end() ? now : before->second.first, now};
  }
  worker.reserved = std::move(waiting);
}

void CeleryWorkers::inspected() {
  for (auto& [node, worker] : workers_)
    if (answers(worker.state)) worker.inspected = true;
}

long long CeleryWorkers::stuck(const Worker& worker) const {
  return std::ranges::count_if(worker.reserved, [this](const auto& task) {
    return task.second.last - task.second.first >= 2 * inspect_interval_;
  });
}

Time CeleryWorkers::last_sign(const Worker& worker) {
  return std::max({worker.first_seen, worker.answered.value_or(Time{}),
                   worker.news.heartbeat.value_or(Time{}), worker.news.online.value_or(Time{})});
}

/// Who never answers is known by its heartbeats alone, so while they are not heard it is not stale.
bool CeleryWorkers::stale(const Worker& worker, const WorkerRound& round, Time now) const {
  auto last = last_sign(worker);
  if (!worker.answered) last = std::max(last, round.hearing_since.value_or(now));
  return now - last > std::max(in_steady(5 * worker.news.frequency), least_silence);
}

/// What it said of itself before a restart does not hold any more.
void CeleryWorkers::note_news(Worker& worker, const WorkerNews& heard) {
  const bool restarted = worker.news.pid != 0 && heard.pid != 0 && heard.pid != worker.news.pid;
  if (restarted) {
    worker.pool.reset();
    worker.answered.reset();
    worker.inspected = false;
    worker.without_queues = 0;
    worker.reserved.clear();
    worker.active = 0;
  }
  worker.news = heard;
}

/// Where there are too many, one that is gone makes room, and for one that answers also one that never did.
CeleryWorkers::Worker* CeleryWorkers::find_or_make(const std::string& node, bool answered, Time now) {
  if (const auto known = workers_.find(node); known != workers_.end()) return &known->second;
  if (workers_.size() >= most_workers) {
    const auto rank = [answered](const Worker& worker) {
      if (!is_there(worker.state)) return 0;
      return answered && !worker.answered ? 1 : 2;
    };
    const auto worst = std::ranges::min_element(workers_, {}, [&](const auto& entry) {
      return std::pair{rank(entry.second), last_sign(entry.second)};
    });
    if (rank(worst->second) == 2) return nullptr;
    workers_.erase(worst);
  }
  Worker made;
  made.first_seen = now;
  return &workers_.emplace(node, std::move(made)).first->second;
}

void CeleryWorkers::note(const WorkerRound& round, const std::map<std::string, WorkerNews>& news, Time now) {
  for (const auto& [node, heard] : news) {
    const bool silent =
        now - std::max(heard.heartbeat.value_or(Time{}), heard.online.value_or(Time{})) > least_silence;
    const bool never_met = (said_good_bye(heard) || silent) && !workers_.contains(node);
    if (auto* worker = never_met ? nullptr : find_or_make(node, false, now)) note_news(*worker, heard);
  }
  for (const auto& node : round.nodes)
    if (auto* worker = find_or_make(node, true, now)) worker->answered = now;
  if (round.asked)
    for (auto& [node, worker] : workers_)
      if (worker.news.prompted && *worker.news.prompted >= round.asked_at) worker.answered = now;
  std::erase_if(workers_, [&](const auto& entry) { return now - last_sign(entry.second) > forget_after; });
}

long long CeleryWorkers::foreign() const {
  return foreign_.empty() ? 0 : *std::ranges::min_element(foreign_);
}

bool CeleryWorkers::wants_inspection() const {
  return std::ranges::any_of(workers_, [](const auto& entry) {
    const auto& worker = entry.second;
    return answers(worker.state) && (!worker.inspected || worker.without_queues == 1);
  });
}

Span CeleryWorkers::longest_task(const Worker& worker) {
  const bool limited = worker.pool && worker.pool->hard_limit;
  return limited ? in_steady(*worker.pool->hard_limit) : longest_solo_task;
}

}  // namespace healthd
