#include "probes/celery_workers.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "config/options.hpp"

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
/// A worker that reconnects leaves questions open for a second or two, and comes back.
constexpr Span catatonic_after = 15s;
constexpr int catatonic_misses = 3;
constexpr Span least_silence = 10s;
constexpr Span reconnect_pause = 3s;
/// A task that runs longer than this in a solo worker that sets no limit is taken for a hang.
constexpr Span longest_solo_task = 30min;
/// A connection that takes tasks asks anew every second.
constexpr long long consuming_idle = 3;
constexpr std::size_t rounds_for_foreign = 4;
constexpr const char* busy_words = "a solo worker answers nothing while its task runs";

constexpr std::array<std::string_view, worker_state_count> state_names{
    "healthy", "saturated", "hung", "catatonic", "dead", "stopped", "detached", "busy_solo", "unknown"};

Span in_steady(double seconds) {
  return std::chrono::duration_cast<Span>(std::chrono::duration<double>{std::clamp(seconds, 0.0, 1e6)});
}

std::string span_in_words(Time then, Time now) {
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(now - then));
}

bool is_there(WorkerState state) { return state != WorkerState::dead && state != WorkerState::stopped; }

bool answers(WorkerState state) {
  return state == WorkerState::healthy || state == WorkerState::saturated || state == WorkerState::detached;
}

/// It said good-bye, and nothing was heard of it since.
bool is_gone(const WorkerNews& news) {
  return news.offline &&
         *news.offline >= std::max(news.heartbeat.value_or(Time{}), news.online.value_or(Time{}));
}

}  // namespace

std::string_view to_string(WorkerState state) { return state_names.at(static_cast<std::size_t>(state)); }

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
    const bool never_met = (is_gone(heard) || silent) && !workers_.contains(node);
    if (auto* worker = never_met ? nullptr : find_or_make(node, false, now)) note_news(*worker, heard);
  }
  for (const auto& node : round.nodes)
    if (auto* worker = find_or_make(node, true, now)) worker->answered = now;
  if (round.asked)
    for (auto& [node, worker] : workers_)
      if (worker.news.prompted && *worker.news.prompted >= round.asked_at) worker.answered = now;
  std::erase_if(workers_, [&](const auto& entry) { return now - last_sign(entry.second) > forget_after; });
}

void CeleryWorkers::judge_present(Worker& worker) {
  worker.missing_since.reset();
  worker.missed = 0;
  worker.holding = false;
  worker.detail.clear();
  const auto active = worker.news.active.value_or(worker.active);
  const bool full = worker.pool && worker.pool->concurrency > 0 && active >= worker.pool->concurrency;
  // Once may be while it starts.
  if (worker.without_queues >= 2) {
    worker.state = WorkerState::detached;
    worker.detail = "it answers, but consumes no queue";
  } else if (full) {
    worker.state = WorkerState::saturated;
    worker.detail = "all of its " + std::to_string(worker.pool->concurrency) + " places are taken";
  } else {
    worker.state = WorkerState::healthy;
  }
}

/// As many connections take tasks as there are workers that send heartbeats: so nobody is to blame who never
/// answers, for workers may be told not to listen to remote control.
bool CeleryWorkers::all_consume(const WorkerRound& round, Time now) const {
  if (!round.asked || round.peers == nullptr) return false;
  long long alive = 0;
  long long busy = 0;
  for (const auto& [node, worker] : workers_) {
    if (!worker.news.heartbeat || stale(worker, round, now)) continue;
    ++alive;
    busy += worker.news.active.value_or(0) > 0 ? 1 : 0;
  }
  const auto consumers = consumers_of(*round.peers);
  const auto consuming = std::ranges::count_if(
      consumers, [](const RedisPeer& peer) { return peer.blocked || peer.idle < consuming_idle; });
  return alive > 0 && consuming + busy >= alive;
}

/// Who reconnects says good-bye as well, and is back in a moment.
bool CeleryWorkers::judge_gone(Worker& worker, Time now) const {
  if (!is_gone(worker.news)) return false;
  const auto since = *worker.news.offline;
  worker.detail = "it said good-bye " + span_in_words(since, now) + " ago";
  if (now - since < reconnect_pause) return true;
  worker.state = WorkerState::stopped;
  worker.reserved.clear();
  return true;
}

/// One or two answers may be late.
bool CeleryWorkers::judge_catatonic(Worker& worker, const WorkerRound& round, Time now) const {
  const auto since = worker.missing_since.value_or(now);
  const auto heartbeat = worker.news.heartbeat.value_or(Time{});
  const bool may_be_mute = !worker.answered && round.peers == nullptr;
  const bool goes_on = heartbeat > since && !stale(worker, round, now) && !may_be_mute;
  if (!goes_on || now - since < catatonic_after || worker.missed < catatonic_misses) return false;
  worker.state = WorkerState::catatonic;
  worker.detail = "its heartbeats go on, but it has answered nothing for " + span_in_words(since, now);
  return true;
}

/// false where only the number of listeners tells more: it gives no sign of life at all.
bool CeleryWorkers::judge_missing(Worker& worker, const WorkerRound& round, Time now) {
  const auto before = std::exchange(worker.state, WorkerState::unknown);
  worker.was_dead = before == WorkerState::dead;
  if (round.asked) {
    ++worker.missed;
    if (!worker.missing_since) worker.missing_since = round.asked_at;
  }
  const bool beats = worker.news.heartbeat && round.hearing_since && !is_gone(worker.news);
  if (!round.asked && beats && !stale(worker, round, now)) {
    judge_present(worker);
    return true;
  }
  if (in_grace(worker, now)) {
    worker.detail = "it has not answered since the broker, or this monitor, came back";
    return true;
  }
  if (judge_gone(worker, now) || judge_catatonic(worker, round, now)) return true;
  const bool solo = worker.pool && worker.pool->solo && round.asked && round.receivers > round.answers;
  const bool busy = round.peers != nullptr ? took_a_message(*round.peers) : before == WorkerState::busy_solo;
  if (stale(worker, round, now)) {
    worker.state = busy ? WorkerState::busy_solo : WorkerState::unknown;  // for judge_silent()
    return false;
  }
  worker.state = solo && busy ? WorkerState::busy_solo : WorkerState::unknown;
  worker.detail = solo && busy ? busy_words : "it did not answer";
  return true;
}

/// Silent, and its connection stands.
void CeleryWorkers::judge_holding(Worker& worker, Time now) const {
  const bool busy = worker.state == WorkerState::busy_solo;
  const bool solo = worker.pool && worker.pool->solo;
  const auto limit =
      solo && worker.pool->hard_limit ? in_steady(*worker.pool->hard_limit) : longest_solo_task;
  const bool running = solo && busy && now - last_sign(worker) <= limit;
  worker.state = running ? WorkerState::busy_solo : WorkerState::hung;
  worker.detail =
      running ? busy_words
              : "no sign of it for " + span_in_words(last_sign(worker), now) + ", and its connection stands";
}

/// Of those that give no sign at all, as many still hold their connection as listeners left the question
/// open: whoever was taken for one of them before comes first, then the one that fell silent last, and
/// whoever was dead before only after the `pending`, who did not answer a moment ago.
void CeleryWorkers::judge_silent(std::vector<Worker*> silent, long long pending, const WorkerRound& round,
                                 Time now) {
  auto holding = round.asked ? round.receivers - round.answers - foreign() : 0;
  std::ranges::sort(silent, [](const Worker* one, const Worker* other) {
    if (one->was_dead != other->was_dead) return other->was_dead;
    if (one->holding != other->holding) return one->holding;
    return last_sign(*one) > last_sign(*other);
  });
  for (auto* worker : silent) {
    if (worker->was_dead) holding -= std::exchange(pending, 0);
    worker->holding = holding > 0;
    if (holding-- > 0) {
      judge_holding(*worker, now);
      continue;
    }
    worker->state = WorkerState::dead;
    worker->reserved.clear();
    const auto since = "no sign of it for " + span_in_words(last_sign(*worker), now);
    worker->detail = round.asked ? since + ", and its connection is gone"
                                 : since + "; whether it is gone or hangs, only a question could tell";
  }
}

long long CeleryWorkers::foreign() const {
  return foreign_.empty() ? 0 : *std::ranges::min_element(foreign_);
}

std::vector<WorkerVerdict> CeleryWorkers::verdicts() const {
  std::vector<WorkerVerdict> all;
  for (const auto& [node, worker] : workers_) {
    const bool runs = worker.news.active.value_or(worker.active) > 0;
    const bool sized = worker.pool && worker.pool->concurrency > 0;
    all.push_back({node, worker.state, worker.detail, worker.news.version,
                   answers(worker.state) ? stuck(worker) : 0, !worker.answered, runs && !sized});
  }
  return all;
}

std::vector<WorkerVerdict> CeleryWorkers::cannot_tell(Time now) {
  interrupted(now);
  for (auto& [node, worker] : workers_) {
    worker.state = WorkerState::unknown;
    worker.detail = "the broker tells nothing";
  }
  return verdicts();
}

std::vector<WorkerVerdict> CeleryWorkers::judge(const WorkerRound& round,
                                                const std::map<std::string, WorkerNews>& news, Time now) {
  note(round, news, now);
  const bool consuming = all_consume(round, now);
  std::vector<Worker*> silent;
  bool complete = round.asked;
  long long pending = 0;
  for (auto& [node, worker] : workers_) {
    const bool answered = worker.answered && *worker.answered >= round.asked_at && round.asked;
    const bool lives = consuming && !worker.answered && worker.news.heartbeat && !stale(worker, round, now);
    if (answered || lives) {
      judge_present(worker);
      continue;
    }
    // Who left long ago is not waited for.
    complete = complete && !is_there(worker.state);
    if (!judge_missing(worker, round, now)) {
      silent.push_back(&worker);
    } else if (worker.state == WorkerState::unknown || worker.state == WorkerState::busy_solo) {
      ++pending;
    }
  }
  // Unless a worker that we never met is silent: who takes tasks is a worker.
  const bool proven =
      round.peers != nullptr && static_cast<long long>(consumers_of(*round.peers).size()) <= round.answers;
  if (complete && proven && !workers_.empty()) {
    foreign_.push_back(std::max(0LL, round.receivers - round.answers));
    if (foreign_.size() > rounds_for_foreign) foreign_.erase(foreign_.begin());
  }
  judge_silent(std::move(silent), pending, round, now);
  return verdicts();
}

bool CeleryWorkers::wants_inspection() const {
  return std::ranges::any_of(workers_, [](const auto& entry) {
    const auto& worker = entry.second;
    return answers(worker.state) && (!worker.inspected || worker.without_queues == 1);
  });
}

}  // namespace healthd
