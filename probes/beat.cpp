// The `beat` probe: the workers' counters of one periodic task, and the verdict that they allow.
#include <numeric>

#include "probes/beat_ticks.hpp"
#include "probes/celery_broker.hpp"
#include "probes/celery_moment.hpp"
#include "probes/celery_needs.hpp"
#include "probes/celery_queues.hpp"
#include "probes/kinds.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

/// What one run learned from the broker.
struct Findings {
  Failure failure;  ///< of the broker: nothing is known
  PidboxRound round;
  QueueReport queues;
};

std::string in_words(BeatTicks::Span span) {
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(span));
}

long long ready(const QueueReport& queues) {
  return std::accumulate(queues.lengths.begin(), queues.lengths.end(), 0LL);
}

std::optional<Backlog> backlog_of(const QueueReport& queues) {
  return queues.failure ? std::nullopt : std::optional{Backlog{ready(queues), queues.unacked}};
}

class BeatProbe final : public Probe {
 public:
  BeatProbe(std::shared_ptr<Broker> broker, std::string task, std::string queue, BeatTicks ticks)
      : broker_{std::move(broker)},
        task_{std::move(task)},
        queue_{std::move(queue)},
        ticks_{std::move(ticks)} {}

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    auto asking = ask(tools, trace, deadline);
    auto findings = co_await with_deadline(std::move(asking), deadline);
    if (!findings) {
      findings.emplace();
      findings->failure = timed_out(trace);
    }
    co_return judge(*findings);
  }

  std::string target() const override { return broker_->address(); }

 private:
  asio::awaitable<Findings> ask(Tools& tools, Trace& trace, Deadline deadline) const;
  ProbeResult judge(const Findings& findings);
  CheckResult judge_ticks(const Findings& findings, bool& waiting);
  CheckResult no_tick(BeatTicks::State state, const QueueReport& queues) const;
  std::vector<std::string> queues() const;

  std::shared_ptr<Broker> broker_;
  std::string task_;
  std::string queue_;  ///< "": those of the celery probe
  BeatTicks ticks_;
};

/// Read at run time: the celery probe may be built after this one.
std::vector<std::string> BeatProbe::queues() const {
  return queue_.empty() ? broker_->queues_or_default() : std::vector{queue_};
}

asio::awaitable<Findings> BeatProbe::ask(Tools& tools, Trace& trace, Deadline deadline) const {
  Findings findings;
  const auto turn = co_await broker_->turn();
  const auto names = queues();
  auto commands = queue_commands(broker_->names(), names);
  const auto replies = co_await broker_->ask(turn, tools.resolver, trace, std::move(commands));
  if (!replies) {
    findings.failure = replies.error();
    co_return findings;
  }
  findings.queues = read_queues(broker_->names(), names, *replies, std::chrono::system_clock::now());
  auto round = co_await broker_->broadcast(turn, tools.resolver, trace, "stats", reply_patience, deadline);
  if (round) {
    findings.round = std::move(*round);
  } else {
    findings.failure = round.error();
  }
  co_return findings;
}

ProbeResult BeatProbe::judge(const Findings& findings) {
  ProbeResult result;
  result.checks.push_back(judge_ticks(findings, result.waiting));
  result.evidence.emplace_back("task", task_);
  const bool seen = findings.failure ? false : !findings.round.replies.empty();
  if (const auto tick = ticks_.last_tick(); tick && seen) {
    const auto now = Moment::now();
    result.samples.push_back({"healthd_beat_last_tick_timestamp_seconds", now.unix_seconds(*tick)});
    result.evidence.emplace_back("last tick", in_words(now.steady - *tick) + " ago");
  }
  conclude(result);
  return result;
}

CheckResult BeatProbe::judge_ticks(const Findings& findings, bool& waiting) {
  if (findings.failure)
    return {"tick", Status::unknown, findings.failure.reason, "broker: " + findings.failure.detail};
  std::vector<WorkerStats> workers;
  for (const auto& reply : findings.round.replies)
    if (auto stats = decode_stats(reply, task_)) workers.push_back(std::move(*stats));

  const auto state = ticks_.observe(std::chrono::steady_clock::now(), workers, backlog_of(findings.queues));
  switch (state) {
    case BeatTicks::State::ticking:
      return {"tick", Status::up};
    case BeatTicks::State::waiting:
      waiting = true;
      return {"tick", Status::unknown, Reason::none, "waiting for the first tick"};
    case BeatTicks::State::silent:
    case BeatTicks::State::stalled:
      return no_tick(state, findings.queues);
    case BeatTicks::State::blind:
      break;
  }
  const auto* detail = findings.round.replies.empty()
                           ? "no worker answered, so no tick can be seen"
                           : "the workers' answers hold no statistics that we can read";
  return {"tick", Status::unknown, Reason::no_reply, detail};
}

/// No tick although workers answer: either Beat sends nothing, or the workers do not move.
CheckResult BeatProbe::no_tick(BeatTicks::State state, const QueueReport& queues) const {
  const auto since = "no worker started " + task_ + " for more than " + in_words(ticks_.patience());
  if (queues.failure)
    return {"tick", Status::unknown, queues.failure.reason, since + "; the queue: " + queues.failure.detail};
  if (state == BeatTicks::State::stalled)
    return {"tick", Status::unknown, Reason::not_consuming,
            since + ", but messages pile up (" + std::to_string(ready(queues)) + " in the queue, " +
                std::to_string(queues.unacked) + " unacked): the workers are stalled"};
  const auto hint = ticks_.task_seen()
                        ? std::string{}
                        : "; none ever ran it: is it in the beat_schedule, and is `task` its name?";
  return {"tick", Status::down, Reason::stale, since + hint};
}

}  // namespace

std::unique_ptr<Probe> make_beat(ProbeConfig& config, Workshop& workshop) {
  auto& options = config.options;
  auto broker = read_broker(options, workshop);
  auto task = options.text("task", "reports.scheduler");
  auto queue = options.text("queue");
  const auto every = options.duration("every", std::chrono::minutes{1});
  if (every <= Duration::zero())
    options.error("every", "every: expected the period of the task, such as 60s");
  if (broker) {
    const auto own = queue.empty() ? std::vector<std::string>{} : std::vector{queue};
    tell_broker_needs(workshop, *broker, {config.name, own});
  }
  const BeatTicks ticks{every, config.interval};
  return std::make_unique<BeatProbe>(std::move(broker), std::move(task), std::move(queue), ticks);
}

}  // namespace healthd
