#include "probes/beat_judge.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>

#include "config/options.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

/// How long the name of who sent counts, where ticks are not rarer than that.
constexpr BeatTicks::Span least_senders_span = 10min;

constexpr std::array<std::string_view, beat_state_count> state_names{"alive",  "dead",    "hung",
                                                                     "silent", "stalled", "unknown"};

std::string in_words(BeatTicks::Span span) {
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(span));
}

long long ready(const QueueReport& queues) {
  return std::accumulate(queues.lengths.begin(), queues.lengths.end(), 0LL);
}

std::optional<Backlog> backlog_of(const BeatSight& sight) {
  if (sight.queues.failure) return std::nullopt;
  return Backlog{ready(sight.queues), sight.queues.unacked, sight.full};
}

}  // namespace

std::string_view to_string(BeatState state) { return state_names.at(static_cast<std::size_t>(state)); }

BeatJudge::BeatJudge(std::string task, BeatTicks::Span every, BeatTicks::Span interval)
    : task_{std::move(task)}, every_{every}, ticks_{every, interval}, rate_{every}, connection_{every} {}

/// Redis counts the ids of connections anew when it was restarted.
void BeatJudge::watch_connection(const BeatSight& sight, bool tick, Moment::Steady now) {
  const bool anew =
      sight.failure || (heard_since_ && sight.heard_since && *sight.heard_since != *heard_since_);
  if (sight.heard_since) heard_since_ = sight.heard_since;
  if (anew) connection_ = BeatConnection{every_};
  // Where nobody tells of ticks, what is sent must not look as if it went on without them.
  const bool could_see = sight.answered || !sight.sends.empty() || (senders_.last() && sight.heard_since);
  if (anew || !could_see || !sight.peers) return;
  auto peers = *sight.peers;
  // PUBLISH is Beat's last command only where it tells of tasks; workers publish heartbeats, perhaps in step.
  if (!senders_.last()) std::erase_if(peers, [](const RedisPeer& peer) { return peer.command == "publish"; });
  connection_.observe(peers, tick, now);
}

ProbeResult BeatJudge::judge(const BeatSight& sight, const Moment& now) {
  if (first_run_ == Moment::Steady{}) first_run_ = now.steady;
  for (const auto& sent : sight.sends) senders_.sent(sent.at, sent.sender);
  auto state = BeatTicks::State::blind;
  if (!sight.failure) state = ticks_.observe(now.steady, sight.workers, backlog_of(sight));
  const bool calm =
      sight.complete && !sight.queues.failure && ready(sight.queues) == 0 && state != BeatTicks::State::blind;
  rate_.observe(now.steady, ticks_.risen(), calm);
  watch_connection(sight, ticks_.risen() > 0 || !sight.sends.empty(), now.steady);

  ProbeResult result;
  auto found = verdict(sight, state, now.steady);
  result.waiting = found.waiting;
  result.checks.push_back(found.check);
  report(found, sight, now, result);
  conclude(result);
  return result;
}

/// Events of ours were heard before, and would have been heard since.
bool BeatJudge::sends_stopped(const BeatSight& sight, Moment::Steady now) const {
  const auto last = senders_.last();
  return last && now - *last > ticks_.patience() && sight.heard_since &&
         now - *sight.heard_since > ticks_.patience();
}

BeatJudge::Verdict BeatJudge::verdict(const BeatSight& sight, BeatTicks::State state,
                                      Moment::Steady now) const {
  if (sight.failure)
    return {{"tick", Status::unknown, sight.failure.reason, "broker: " + sight.failure.detail}};
  const bool sends = senders_.last() && now - *senders_.last() <= ticks_.patience();
  switch (state) {
    case BeatTicks::State::ticking:
      return {{"tick", Status::up}, BeatState::alive};
    case BeatTicks::State::waiting:
      if (sends) return {{"tick", Status::up}, BeatState::alive};
      return {
          {"tick", Status::unknown, Reason::none,
           ticks_.last_tick() ? "waiting for the next tick: one may have passed while no worker told of it"
                              : "waiting for the first tick"},
          BeatState::unknown,
          true};
    case BeatTicks::State::silent:
    case BeatTicks::State::stalled:
      if (sends) return {{"tick", Status::up}, BeatState::stalled};
      if (sends_stopped(sight, now)) return silent();
      if (!ticks_.task_seen()) return never_seen();
      return state == BeatTicks::State::stalled || sight.queues.failure ? stalled(sight) : silent();
    case BeatTicks::State::blind:
      return without_workers(sight, now);
  }
  std::abort();
}

std::string BeatJudge::silence() const {
  return "no " + task_ + " for more than " + in_words(ticks_.patience());
}

BeatJudge::Verdict BeatJudge::silent() const {
  switch (connection_.fate()) {
    case BeatConnection::Fate::gone:
      return {{"tick", Status::down, Reason::stale,
               silence() + ": Beat is gone, its connection to the broker is closed"},
              BeatState::dead};
    case BeatConnection::Fate::there:
      return {{"tick", Status::down, Reason::stale,
               silence() + ": Beat hangs, its connection to the broker stands idle"},
              BeatState::hung};
    case BeatConnection::Fate::unknown:
      return {
          {"tick", Status::down, Reason::stale, silence() + " although workers answer: Beat sends nothing"},
          BeatState::silent};
  }
  std::abort();
}

/// No tick although workers answer, but they could not start it: it is the workers that do not move.
BeatJudge::Verdict BeatJudge::stalled(const BeatSight& sight) const {
  const auto& queues = sight.queues;
  if (queues.failure)
    return {{"tick", Status::unknown, queues.failure.reason,
             silence() + "; the queue: " + queues.failure.detail}};
  return {{"tick", Status::unknown, Reason::not_consuming,
           silence() + ", but " + (sight.full ? "every worker is fully occupied" : "messages pile up") +
               " (" + std::to_string(ready(queues)) + " in the queue, " + std::to_string(queues.unacked) +
               " unacked): the workers are stalled"},
          BeatState::stalled};
}

BeatJudge::Verdict BeatJudge::never_seen() const {
  return {{"tick", Status::unknown, Reason::stale,
           "no worker has ever run " + task_ +
               ": put it into beat_schedule, or name a task there with `task` and its period with `every`"}};
}

BeatJudge::Verdict BeatJudge::without_workers(const BeatSight& sight, Moment::Steady now) const {
  if (senders_.last() && now - *senders_.last() <= ticks_.patience())
    return {{"tick", Status::up}, sight.asked ? BeatState::stalled : BeatState::alive};
  if (sends_stopped(sight, now)) return silent();
  const bool ear_is_young =
      senders_.last() && sight.heard_since && now - *sight.heard_since <= ticks_.patience();
  const bool early = now - first_run_ <= ticks_.patience() || ear_is_young;
  if (!sight.asked)
    return {{"tick", Status::unknown, early ? Reason::none : Reason::stale,
             early ? "waiting for the first task-sent event"
                   : "passive: Beat is seen by task-sent events alone; set task_send_sent_event for it"},
            BeatState::unknown,
            early};
  const auto* detail = sight.answered ? "the workers' answers hold no statistics that we can read"
                                      : "no worker answered, so no tick can be seen";
  return {{"tick", Status::unknown, Reason::no_reply, detail}};
}

std::optional<Moment::Steady> BeatJudge::last_tick() const {
  const auto counted = ticks_.last_tick();
  const auto sent = senders_.last();
  return counted && sent ? std::optional{std::max(*counted, *sent)} : (counted ? counted : sent);
}

std::string BeatJudge::sources() const {
  std::string text;
  if (ticks_.last_tick()) text = "the workers' counters";
  if (senders_.last()) text += std::string{text.empty() ? "" : ", "} + "task-sent events";
  if (connection_.fate() != BeatConnection::Fate::unknown)
    text += std::string{text.empty() ? "" : ", "} + "its connection";
  return text.empty() ? "none" : text;
}

void BeatJudge::report(const Verdict& found, const BeatSight& sight, const Moment& now,
                       ProbeResult& result) const {
  for (std::size_t state = 0; state < beat_state_count; ++state)
    result.samples.push_back({"healthd_beat_state",
                              static_cast<std::size_t>(found.state) == state ? 1.0 : 0.0,
                              {{"state", std::string{state_names[state]}}}});
  result.evidence.emplace_back("task", task_);
  result.evidence.emplace_back("beat", std::string{to_string(found.state)});
  result.evidence.emplace_back("seen by", sources());
  if (sight.failure) return;
  const bool known = sight.answered || found.check.status != Status::unknown;
  if (const auto tick = last_tick(); tick && known) {
    result.samples.push_back({"healthd_beat_last_tick_timestamp_seconds", now.unix_seconds(*tick)});
    result.evidence.emplace_back("last tick", in_words(now.steady - *tick) + " ago");
  }
  auto schedulers = senders_.schedulers(now.steady, std::max(least_senders_span, 3 * every_));
  if (!schedulers) schedulers = rate_.schedulers();
  if (!schedulers || found.check.status != Status::up) return;
  result.samples.push_back({"healthd_beat_schedulers", static_cast<double>(*schedulers)});
  if (*schedulers > 1) {
    result.checks.push_back({"schedulers", Status::down, Reason::duplicate,
                             std::to_string(*schedulers) + " Beats send " + task_ + ": stop all but one"});
  } else {
    result.checks.push_back({"schedulers", Status::up});
  }
}

}  // namespace healthd
