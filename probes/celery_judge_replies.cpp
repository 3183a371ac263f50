// Who answered, and whose fault it is that nobody did.
#include <algorithm>

#include "probes/celery_judge.hpp"
#include "probes/celery_verdicts.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

/// Workers reconnect by themselves, in seconds.
constexpr auto return_grace = 15s;

}  // namespace

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

}  // namespace healthd
