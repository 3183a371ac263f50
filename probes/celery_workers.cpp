#include "probes/celery_workers.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

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

/// It said good-bye, and nothing was heard of it since.
bool is_gone(const WorkerNews& news) {
  return news.offline &&
         *news.offline >= std::max(news.heartbeat.value_or(Time{}), news.online.value_or(Time{}));
}

}  // namespace

std::string_view to_string(WorkerState state) { return state_names.at(static_cast<std::size_t>(state)); }

bool took_a_message(const std::vector<RedisPeer>& peers) {
  for (const auto& consumer : consumers_of(peers)) {
    if (consumer.blocked || consumer.idle < 1) continue;
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

void CeleryWorkers::told_queues(const std::string& node, std::vector<std::string> queues, Time now) {
  const auto known = workers_.find(node);
  if (known == workers_.end()) return;
  auto& worker = known->second;
  worker.without_queues = queues.empty() ? worker.without_queues + 1 : 0;
  worker.queues = std::move(queues);
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
  std::map<std::string, Time> waiting;
  for (const auto& task : reserved) {
    if (!room || waiting.size() >= most_reserved) break;
    const auto before = worker.reserved.find(task.id);
    waiting[task.id] = before == worker.reserved.end() ? now : before->second;
  }
  worker.reserved = std::move(waiting);
}

long long CeleryWorkers::stuck(const Worker& worker, Time now) const {
  return std::ranges::count_if(worker.reserved,
                               [&](const auto& task) { return now - task.second >= 2 * inspect_interval_; });
}

Time CeleryWorkers::last_sign(const Worker& worker) const {
  return std::max({worker.first_seen, worker.answered.value_or(Time{}),
                   worker.news.heartbeat.value_or(Time{}), worker.news.online.value_or(Time{})});
}

bool CeleryWorkers::stale(const Worker& worker, Time now) const {
  return now - last_sign(worker) > std::max(in_steady(5 * worker.news.frequency), least_silence);
}

/// What it said of itself before a restart does not hold any more.
void CeleryWorkers::note_news(Worker& worker, const WorkerNews& heard) {
  const bool restarted = worker.news.pid != 0 && heard.pid != 0 && heard.pid != worker.news.pid;
  if (restarted) {
    worker.pool.reset();
    worker.queues.reset();
    worker.without_queues = 0;
    worker.reserved.clear();
    worker.active = 0;
  }
  worker.news = heard;
}

void CeleryWorkers::note(const WorkerRound& round, const std::map<std::string, WorkerNews>& news, Time now) {
  const auto find_or_make = [&](const std::string& node) -> Worker* {
    if (const auto known = workers_.find(node); known != workers_.end()) return &known->second;
    if (workers_.size() >= most_workers) return nullptr;
    Worker made;
    made.first_seen = now;
    return &workers_.emplace(node, std::move(made)).first->second;
  };
  for (const auto& [node, heard] : news) {
    const bool never_met = is_gone(heard) && !workers_.contains(node);
    if (auto* worker = never_met ? nullptr : find_or_make(node)) note_news(*worker, heard);
  }
  for (const auto& node : round.nodes)
    if (auto* worker = find_or_make(node)) worker->answered = now;
  if (round.asked)
    for (auto& [node, worker] : workers_)
      if (worker.news.prompted && *worker.news.prompted >= round.asked_at) worker.answered = now;
  std::erase_if(workers_, [&](const auto& entry) { return now - last_sign(entry.second) > forget_after; });
}

void CeleryWorkers::judge_present(Worker& worker) {
  worker.missing_since.reset();
  worker.listening = true;
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

/// Workers may be told not to listen to remote control. Then nobody listens at all, and they consume
/// nevertheless.
bool CeleryWorkers::remote_control_off(const WorkerRound& round, Time now) const {
  if (!round.asked || round.receivers > 0 || round.peers == nullptr) return false;
  long long alive = 0;
  long long busy = 0;
  for (const auto& [node, worker] : workers_) {
    if (!worker.news.heartbeat || stale(worker, now)) continue;
    ++alive;
    busy += worker.news.active.value_or(0) > 0 ? 1 : 0;
  }
  const auto consumers = consumers_of(*round.peers);
  const auto consuming = std::ranges::count_if(
      consumers, [](const RedisPeer& peer) { return peer.blocked || peer.idle < consuming_idle; });
  return alive > 0 && consuming + busy >= alive;
}

/// false where only the number of listeners tells more: it gives no sign of life at all.
bool CeleryWorkers::judge_missing(Worker& worker, const WorkerRound& round, Time now) {
  const auto& news = worker.news;
  const auto heartbeat = news.heartbeat.value_or(Time{});
  if (round.asked && !worker.missing_since) worker.missing_since = round.asked_at;
  worker.state = WorkerState::unknown;
  const bool lives = news.heartbeat && !is_gone(news) && !stale(worker, now);
  if (!round.asked && lives) {
    judge_present(worker);
    return true;
  }
  if (in_grace(worker, now)) {
    worker.detail = "it has not answered since the broker, or this monitor, came back";
    return true;
  }
  // Who reconnects says good-bye as well, and is back in a moment.
  if (is_gone(news) && now - *news.offline < reconnect_pause) {
    worker.detail = "it said good-bye just now";
    return true;
  }
  if (is_gone(news)) {
    worker.state = WorkerState::stopped;
    worker.detail = "it said good-bye " + span_in_words(*news.offline, now) + " ago";
    return true;
  }
  const auto missing_since = worker.missing_since.value_or(now);
  if (lives && heartbeat > missing_since && now - missing_since >= catatonic_after) {
    worker.state = WorkerState::catatonic;
    worker.detail =
        "its heartbeats go on, but it has answered nothing for " + span_in_words(missing_since, now);
    return true;
  }
  if (stale(worker, now)) return false;
  const bool solo = worker.pool && worker.pool->solo && round.asked && round.receivers > round.answers;
  if (solo && round.peers != nullptr && took_a_message(*round.peers)) {
    worker.state = WorkerState::busy_solo;
    worker.detail = busy_words;
    return true;
  }
  worker.detail = "it did not answer";
  return true;
}

/// Of those that give no sign at all, as many still hold their connection as listeners left the question
/// open.
void CeleryWorkers::judge_silent(std::vector<Worker*> silent, const WorkerRound& round, Time now) {
  const auto foreign = foreign_.empty() ? 0 : *std::ranges::min_element(foreign_);
  auto holding = round.asked ? round.receivers - round.answers - foreign : 0;
  // Whoever was taken for hung before comes first, then the one that fell silent last.
  std::ranges::sort(silent, [this](const Worker* one, const Worker* other) {
    const bool hung = one->listening;
    if (hung != other->listening) return hung;
    return last_sign(*one) > last_sign(*other);
  });
  const bool busy = round.peers != nullptr && took_a_message(*round.peers);
  for (auto* worker : silent) {
    const auto since = "no sign of it for " + span_in_words(last_sign(*worker), now);
    worker->listening = holding > 0;
    if (holding-- <= 0) {
      worker->state = WorkerState::dead;
      worker->detail = since + ", and its connection is gone";
      if (!round.asked) worker->detail = since + "; whether it is gone or hangs, only a question could tell";
      continue;
    }
    const bool solo = worker->pool && worker->pool->solo;
    const auto limit =
        solo && worker->pool->hard_limit ? in_steady(*worker->pool->hard_limit) : longest_solo_task;
    const bool running = solo && busy && now - last_sign(*worker) <= limit;
    worker->state = running ? WorkerState::busy_solo : WorkerState::hung;
    worker->detail = running ? busy_words : since + ", and its connection stands";
  }
}

std::vector<WorkerVerdict> CeleryWorkers::verdicts(Time now) const {
  std::vector<WorkerVerdict> all;
  for (const auto& [node, worker] : workers_)
    all.push_back({node, worker.state, worker.detail, worker.news.version, stuck(worker, now)});
  return all;
}

std::vector<WorkerVerdict> CeleryWorkers::cannot_tell(Time now) {
  interrupted(now);
  for (auto& [node, worker] : workers_) {
    worker.state = WorkerState::unknown;
    worker.detail = "the broker tells nothing";
  }
  return verdicts(now);
}

std::vector<WorkerVerdict> CeleryWorkers::judge(const WorkerRound& round,
                                                const std::map<std::string, WorkerNews>& news, Time now) {
  note(round, news, now);
  const bool unasked = remote_control_off(round, now);
  std::vector<Worker*> silent;
  bool complete = round.asked;
  for (auto& [node, worker] : workers_) {
    const bool answered = worker.answered && *worker.answered >= round.asked_at && round.asked;
    const bool lives = unasked && worker.news.heartbeat && !stale(worker, now);
    if (answered || lives) {
      judge_present(worker);
    } else {
      complete = false;
      if (!judge_missing(worker, round, now)) silent.push_back(&worker);
    }
  }
  if (complete && !workers_.empty()) {
    foreign_.push_back(std::max(0LL, round.receivers - round.answers));
    if (foreign_.size() > rounds_for_foreign) foreign_.erase(foreign_.begin());
  }
  judge_silent(std::move(silent), round, now);
  return verdicts(now);
}

bool CeleryWorkers::wants_inspection() const {
  return std::ranges::any_of(workers_, [](const auto& entry) {
    const auto& worker = entry.second;
    const bool answers = worker.state == WorkerState::healthy || worker.state == WorkerState::saturated;
    return answers && (!(worker.pool && worker.queues) || worker.without_queues == 1);
  });
}

namespace {

bool is_there(WorkerState state) { return state != WorkerState::dead && state != WorkerState::stopped; }

}  // namespace

long long CeleryWorkers::consumers(const std::string& queue) const {
  return std::ranges::count_if(workers_, [&](const auto& entry) {
    const auto& worker = entry.second;
    return is_there(worker.state) && worker.queues &&
           std::ranges::find(*worker.queues, queue) != worker.queues->end();
  });
}

bool CeleryWorkers::consumers_known() const {
  bool any = false;
  for (const auto& [node, worker] : workers_) {
    if (!is_there(worker.state)) continue;
    if (!worker.queues) return false;
    any = true;
  }
  return any;
}

}  // namespace healthd
