// From what is known of the workers to a verdict on each.
#include <algorithm>
#include <utility>

#include "config/options.hpp"
#include "probes/celery_workers.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Time = CeleryWorkers::Time;
using Span = CeleryWorkers::Span;

/// A worker that reconnects leaves questions open for a second or two, and comes back.
constexpr Span catatonic_after = 15s;
constexpr int catatonic_misses = 3;
constexpr Span reconnect_pause = 3s;
constexpr std::size_t rounds_for_foreign = 4;
constexpr const char* busy_words = "a solo worker answers nothing while its task runs";

std::string span_in_words(Time then, Time now) {
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(now - then));
}

}  // namespace

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
  if (!said_good_bye(worker.news)) return false;
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
  const bool beats = worker.news.heartbeat && round.hearing_since && !said_good_bye(worker.news);
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
  const bool running = solo && busy && now - last_sign(worker) <= longest_task(worker);
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

}  // namespace healthd
