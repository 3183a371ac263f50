#include "probes/celery_judge.hpp"

#include <algorithm>
#include <numeric>

#include "probes/celery_settings.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_last_seen = 50;
constexpr auto forget_worker_after = 1h;
/// Workers reconnect by themselves, in seconds.
constexpr auto return_grace = 15s;
constexpr auto between_ear_returns = 60s;
/// A connection that takes tasks asks anew every second.
constexpr long long consuming_idle = 3;
constexpr std::size_t most_named = 10;

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t at = 0; at < parts.size() && at < most_named; ++at)
    text += (text.empty() ? "" : ", ") + parts[at];
  return parts.size() > most_named ? text + " and " + std::to_string(parts.size() - most_named) + " more"
                                   : text;
}

std::vector<std::string> named(const std::vector<WorkerVerdict>& workers, WorkerState state) {
  std::vector<std::string> names;
  for (const auto& worker : workers)
    if (worker.state == state) names.push_back(worker.node);
  return names;
}

bool any(const std::vector<WorkerVerdict>& workers, WorkerState state) {
  return std::ranges::find(workers, state, &WorkerVerdict::state) != workers.end();
}

long long working(const std::vector<WorkerVerdict>& workers) {
  return std::ranges::count_if(workers, [](const auto& worker) {
    return worker.state == WorkerState::healthy || worker.state == WorkerState::saturated;
  });
}

long long well(const std::vector<WorkerVerdict>& workers) {
  return working(workers) + std::ranges::count(workers, WorkerState::busy_solo, &WorkerVerdict::state);
}

std::vector<std::string> nodes_of(const std::vector<PidboxReply>& replies) {
  std::vector<std::string> nodes;
  for (const auto& reply : replies)
    if (!reply.node.empty()) nodes.push_back(reply.node);
  return nodes;
}

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

/// Who answered what was asked, by whichever way.
const PidboxRound* asked_round(const CelerySight& sight) {
  if (const auto* ping = sight.round("ping")) return ping;
  return sight.heartbeats ? &*sight.heartbeats : nullptr;
}

/// Nobody could be asked because we may not, rather than because the broker is at fault.
bool only_listening(const CelerySight& sight) {
  return asked_round(sight) == nullptr &&
         (!sight.ping_failure || sight.ping_failure.reason == Reason::permission);
}

}  // namespace

CeleryJudge::CeleryJudge(const CeleryOptions& options, int database, Moment::Steady start)
    : options_{options}, database_{database}, workers_{options.inspect_interval, start} {}

bool CeleryJudge::wants_inspection(Moment::Steady now) const {
  const bool suspicion = std::ranges::any_of(orphaned_, [](const auto& entry) { return entry.second < 2; });
  return !inspected_at_ || now - *inspected_at_ >= options_.inspect_interval || suspicion ||
         workers_.wants_inspection();
}

/// Workers come back by themselves, and get some seconds for it. An ear of ours that comes back again and
/// again must not buy them time for ever.
void CeleryJudge::notice_returns(const CelerySight& sight, const Hearing& hearing, Moment::Steady now) {
  const auto hearing_since = sight.deaf ? std::nullopt : hearing.since;
  const auto* asked = asked_round(sight);
  const bool away = sight.failure || (asked == nullptr && (sight.deaf || !only_listening(sight)));
  const bool anew = hearing_since && hearing_since_ && *hearing_since != *hearing_since_;
  // A connection for commands alone may have been closed for idleness.
  const bool returned = !away && (was_away_ || (sight.reconnected && anew));
  if (returned) workers_.interrupted(now);
  const bool rarely = !ear_returned_at_ || now - *ear_returned_at_ >= between_ear_returns;
  if (anew && rarely) ear_returned_at_ = now;
  if (returned || (anew && rarely)) back_at_ = now;
  if (asked != nullptr && !asked->replies.empty()) back_at_.reset();  // they are back as well
  was_away_ = away;
  hearing_since_ = hearing_since ? hearing_since : hearing_since_;
}

ProbeResult CeleryJudge::judge(const CelerySight& sight, const BrokerNews& news, const Hearing& hearing,
                               const Moment& now) {
  ProbeResult result;
  if (options_.expected_workers > 0)
    result.samples.push_back(
        {"healthd_celery_workers_expected", static_cast<double>(options_.expected_workers)});
  const std::chrono::duration<double> visibility = options_.visibility_timeout;
  result.samples.push_back({"healthd_celery_visibility_timeout_seconds", visibility.count()});
  notice_returns(sight, hearing, now.steady);
  const auto workers = verdicts(sight, news, now.steady);
  judge_replies(sight, workers, result, now.steady);
  if (!sight.failure) {
    judge_queues(sight, result, now);
    judge_count(sight, workers, result);
    learn(sight, now.steady);
    judge_consumers(sight, workers, result, now.steady);
    judge_ages(sight, workers, result);
    if (uninspected_)
      result.checks.push_back({"inspection", Status::unknown, uninspected_.reason,
                               "what the workers do and consume: " + uninspected_.detail});
    else if (still_holds(now.steady))
      result.checks.push_back(settings_);
    if (sight.peers_refused)
      result.checks.push_back({"clients", Status::unknown, sight.peers_refused.reason,
                               "CLIENT LIST: " + sight.peers_refused.detail});
    if (sight.deaf)
      result.checks.push_back({"events", Status::unknown, sight.deaf.reason,
                               "what workers publish is not heard: " + sight.deaf.detail});
    report_tasks(result, now.steady);
    report_news(news, hearing, result);
    tell_last_seen(sight, news, result, now);
  }
  report_workers(workers, result);
  conclude(result);
  if (options_.passive && result.status == Status::up) result.detail = "passive: the workers are not asked";
  return result;
}

/// Other applications may use other databases of the same server.
std::optional<std::vector<RedisPeer>> CeleryJudge::neighbours(const CelerySight& sight) const {
  auto peers = sight.peers;
  if (peers) std::erase_if(*peers, [this](const RedisPeer& peer) { return peer.database != database_; });
  return peers;
}

// --- the workers
// --------------------------------------------------------------------------------------------------

std::vector<WorkerVerdict> CeleryJudge::verdicts(const CelerySight& sight, const BrokerNews& news,
                                                 Moment::Steady now) {
  if (was_away_) return workers_.cannot_tell(now);
  const auto* asked = asked_round(sight);
  const auto peers = neighbours(sight);
  WorkerRound round;
  round.asked_at = asked == nullptr ? now : asked->asked_at;
  round.asked = asked != nullptr;
  round.peers = peers ? &*peers : nullptr;
  if (!sight.deaf) round.hearing_since = hearing_since_;
  if (asked != nullptr) {
    round.receivers = asked->receivers;
    round.answers = static_cast<long long>(asked->replies.size());
    round.nodes = nodes_of(asked->replies);
  }
  return workers_.judge(round, news.workers(), now);
}

void CeleryJudge::judge_replies(const CelerySight& sight, const std::vector<WorkerVerdict>& workers,
                                ProbeResult& result, Moment::Steady now) const {
  const auto& failure = sight.failure ? sight.failure : sight.ping_failure;
  const auto* asked = asked_round(sight);
  const bool answered = asked != nullptr && !asked->replies.empty();
  if (failure && answered) {
    result.checks.push_back({"replies", Status::degraded, failure.reason,
                             "the broker takes no write (" + failure.detail +
                                 "), so workers are asked for a "
                                 "heartbeat only; " +
                                 std::to_string(asked->replies.size()) + " answered"});
  } else if (failure) {
    result.checks.push_back({"replies", Status::unknown, failure.reason, "broker: " + failure.detail});
  } else if (options_.passive) {
    result.checks.push_back(passive_replies(workers));
  } else if (answered) {
    result.checks.push_back({"replies", Status::up});
  } else {
    auto check = without_answers(sight, workers);
    const bool too_early = check.status == Status::down && back_at_ && now - *back_at_ < return_grace;
    if (too_early) check.status = Status::unknown;
    result.waiting = too_early;
    result.checks.push_back(std::move(check));
  }
}

/// Nobody answered: whose fault is that?
CheckResult CeleryJudge::without_answers(const CelerySight& sight,
                                         const std::vector<WorkerVerdict>& workers) const {
  const auto* ping = sight.round("ping");
  const long long listening = ping == nullptr ? 0 : ping->receivers;
  if (working(workers) > 0) return {"replies", Status::up};
  const auto solo = named(workers, WorkerState::busy_solo);
  if (!solo.empty() && listening <= static_cast<long long>(solo.size()))
    return {"replies", Status::degraded, Reason::busy,
            joined(solo) + ": a solo worker answers nothing while its task runs"};
  const bool strangers = std::ranges::all_of(workers, &WorkerVerdict::never_answered);
  if (listening > 0 && strangers && sight.peers && took_a_message(*neighbours(sight)))
    return {
        "replies", Status::unknown, Reason::busy,
        "nobody has answered yet, and a message was taken a moment ago: a solo worker may be busy with it"};
  if (listening > 0)
    return {"replies", Status::down, Reason::no_reply,
            "none of " + std::to_string(listening) + " listening workers answered"};
  const auto consumers = sight.peers ? consumers_of(*sight.peers) : std::vector<RedisPeer>{};
  const auto here = std::ranges::count(consumers, database_, &RedisPeer::database);
  if (!consumers.empty() && here == 0)
    return {"replies", Status::unknown, Reason::wrong_database,
            "no worker listens in database " + std::to_string(database_) + " of the broker, but " +
                std::to_string(consumers.size()) + " connections take tasks from database " +
                std::to_string(consumers.front().database)};
  const bool mute = std::ranges::any_of(workers, [](const WorkerVerdict& worker) {
    return worker.never_answered && worker.state == WorkerState::unknown;
  });
  if (mute && !sight.peers)
    return {"replies", Status::unknown, Reason::no_reply,
            "workers send heartbeats, but none listens to questions; whether they consume, only CLIENT LIST "
            "could tell"};
  const bool takes = here > 0 && std::ranges::any_of(consumers, [this](const RedisPeer& peer) {
                       return peer.blocked && peer.database == database_;
                     });
  if (takes && workers.empty())
    return {"replies", Status::unknown, Reason::config_mismatch,
            "tasks are taken from this broker, but nobody listens where we ask: is global_keyprefix or "
            "fanout_prefix another?"};
  return {"replies", Status::down, Reason::no_reply, "no worker listens on the broker"};
}

/// Without questions there are life signs only.
CheckResult CeleryJudge::passive_replies(const std::vector<WorkerVerdict>& workers) const {
  if (working(workers) > 0) return {"replies", Status::up};
  if (any(workers, WorkerState::dead) && !any(workers, WorkerState::unknown))
    return {"replies", Status::down, Reason::no_reply, "no heartbeat of any worker is heard any more"};
  return {"replies", Status::unknown, Reason::no_reply,
          "passive: no worker's heartbeat was heard yet; workers that send none cannot be watched without "
          "asking"};
}

void CeleryJudge::judge_count(const CelerySight& sight, const std::vector<WorkerVerdict>& workers,
                              ProbeResult& result) const {
  const auto* asked = asked_round(sight);
  if (asked == nullptr && !only_listening(sight)) return;
  // Who cannot answer right now, or never does, may be well all the same.
  const auto answered = asked == nullptr ? 0LL : static_cast<long long>(asked->replies.size());
  const auto online = std::max(answered, well(workers));
  result.samples.push_back({"healthd_celery_workers_online", static_cast<double>(online)});
  if (asked != nullptr)
    result.samples.push_back({"healthd_celery_worker_receivers", static_cast<double>(asked->receivers)});

  if (const auto expected = options_.expected_workers; expected > 0) {
    const auto detail = std::to_string(online) + " of " + std::to_string(expected) + " workers are there";
    const bool enough = online >= expected;
    result.checks.push_back({"workers", enough ? Status::up : Status::down,
                             enough ? Reason::none : Reason::no_reply, enough ? "" : detail});
  }
  auto nodes = asked == nullptr ? std::vector<std::string>{} : nodes_of(asked->replies);
  std::ranges::sort(nodes);
  if (const auto twin = std::ranges::adjacent_find(nodes); twin != nodes.end())
    result.checks.push_back(
        {"nodes", Status::down, Reason::duplicate, "two workers call themselves " + *twin});
}

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

// --- what an inspection tells
// ---------------------------------------------------------------------------------------

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

// --- the queues
// -----------------------------------------------------------------------------------------------------

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

// --- what was heard
// ---------------------------------------------------------------------------------------------------

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
