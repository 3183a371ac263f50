#include "probes/celery_judge.hpp"

#include <algorithm>

#include "probes/celery_verdicts.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr auto between_ear_returns = 60s;

}  // namespace

CeleryJudge::CeleryJudge(const CeleryOptions& options, int database, Moment::Steady start)
    : options_{options}, database_{database}, workers_{options.inspect_interval, start} {}

bool CeleryJudge::wants_inspection(Moment::Steady now) const {
  // Where somebody then does not tell what it consumes, looking again would not help.
  const bool suspicion =
      consumers_ && std::ranges::any_of(orphaned_, [](const auto& entry) { return entry.second < 2; });
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

  // Of none at all the check of the replies speaks, wherever there is one.
  const bool some = online > 0 || asked == nullptr;
  if (const auto expected = options_.expected_workers; expected > 0 && some) {
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

}  // namespace healthd
