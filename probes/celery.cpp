// The `celery` probe: what waits on the broker, and which workers answer.
#include <algorithm>
#include <map>
#include <numeric>

#include "probes/celery_broker.hpp"
#include "probes/celery_moment.hpp"
#include "probes/celery_needs.hpp"
#include "probes/celery_options.hpp"
#include "probes/celery_queues.hpp"
#include "probes/kinds.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_workers = 50;
constexpr auto forget_worker_after = 1h;

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

/// What one run learned from the broker.
struct Findings {
  Failure failure;  ///< of the broker: nothing is known
  QueueReport queues;
  Failure ping_failure;
  PidboxRound ping;
};

class CeleryProbe final : public Probe {
 public:
  CeleryProbe(std::shared_ptr<Broker> broker, CeleryOptions options)
      : broker_{std::move(broker)}, options_{std::move(options)} {}

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    auto asking = ask(tools, trace, deadline);
    auto findings = co_await with_deadline(std::move(asking), deadline);
    if (!findings) {
      findings.emplace();
      findings->failure = timed_out(trace);
    }
    co_return judge(*findings, Moment::now());
  }

  std::string target() const override { return broker_->address(); }

 private:
  asio::awaitable<Findings> ask(Tools& tools, Trace& trace, Deadline deadline) const;
  ProbeResult judge(const Findings& findings, const Moment& now);
  void judge_replies(const Findings& findings, ProbeResult& result) const;
  void judge_workers(const PidboxRound& ping, ProbeResult& result, const Moment& now);
  void judge_queues(const QueueReport& report, ProbeResult& result, const Moment& now);
  void remember(const std::vector<std::string>& nodes, Moment::Steady now);

  std::shared_ptr<Broker> broker_;
  CeleryOptions options_;
  QueueMemory queue_memory_;
  std::map<std::string, Moment::Steady> last_seen_;
};

asio::awaitable<Findings> CeleryProbe::ask(Tools& tools, Trace& trace, Deadline deadline) const {
  Findings findings;
  const auto turn = co_await broker_->turn();
  auto commands = queue_commands(broker_->names(), options_.queues);
  const auto replies = co_await broker_->ask(turn, tools.resolver, trace, std::move(commands));
  if (!replies) {
    findings.failure = replies.error();
    co_return findings;
  }
  findings.queues = read_queues(broker_->names(), options_.queues, *replies, Moment::now().wall);
  if (options_.passive) co_return findings;

  auto ping = co_await broker_->broadcast(turn, tools.resolver, trace, "ping", reply_patience, deadline);
  if (ping) {
    findings.ping = std::move(*ping);
  } else {
    findings.ping_failure = ping.error();
  }
  co_return findings;
}

ProbeResult CeleryProbe::judge(const Findings& findings, const Moment& now) {
  ProbeResult result;
  if (options_.expected_workers > 0)
    result.samples.push_back(
        {"healthd_celery_workers_expected", static_cast<double>(options_.expected_workers)});
  const std::chrono::duration<double> visibility = options_.visibility_timeout;
  result.samples.push_back({"healthd_celery_visibility_timeout_seconds", visibility.count()});
  judge_replies(findings, result);
  if (!findings.failure) {
    if (!options_.passive && !findings.ping_failure) judge_workers(findings.ping, result, now);
    judge_queues(findings.queues, result, now);
  }
  conclude(result);
  if (options_.passive && result.status == Status::up) result.detail = "passive: the workers are not asked";
  return result;
}

/// A fault of the broker is never the workers' fault: then nothing is known of them.
void CeleryProbe::judge_replies(const Findings& findings, ProbeResult& result) const {
  const auto& failure = findings.failure ? findings.failure : findings.ping_failure;
  if (failure) {
    const char* name = options_.passive ? "queues" : "replies";
    result.checks.push_back({name, Status::unknown, failure.reason, "broker: " + failure.detail});
    return;
  }
  if (options_.passive) return;
  if (!findings.ping.replies.empty()) {
    result.checks.push_back({"replies", Status::up});
    return;
  }
  const auto listening = findings.ping.receivers;
  const auto detail = listening == 0 ? std::string{"no worker listens on the broker"}
                                     : "none of " + std::to_string(listening) + " listening workers answered";
  result.checks.push_back({"replies", Status::down, Reason::no_reply, detail});
}

void CeleryProbe::judge_workers(const PidboxRound& ping, ProbeResult& result, const Moment& now) {
  // A worker that answers with pickle lives, but we do not know its name.
  std::vector<std::string> nodes;
  for (const auto& reply : ping.replies)
    if (!reply.node.empty()) nodes.push_back(reply.node);
  std::ranges::sort(nodes);
  const auto online = static_cast<long long>(ping.replies.size());
  result.samples.push_back({"healthd_celery_workers_online", static_cast<double>(online)});
  result.samples.push_back({"healthd_celery_worker_receivers", static_cast<double>(ping.receivers)});
  result.evidence.emplace_back("workers", joined(nodes));

  if (const auto expected = options_.expected_workers; expected > 0) {
    const auto detail = std::to_string(online) + " of " + std::to_string(expected) + " workers answered";
    const bool enough = online >= expected;
    result.checks.push_back({"workers", enough ? Status::up : Status::down,
                             enough ? Reason::none : Reason::no_reply, enough ? "" : detail});
  }
  if (const auto twin = std::ranges::adjacent_find(nodes); twin != nodes.end())
    result.checks.push_back(
        {"nodes", Status::down, Reason::duplicate, "two workers call themselves " + *twin});

  remember(nodes, now.steady);
  for (const auto& [node, seen] : last_seen_)
    result.samples.push_back(
        {"healthd_celery_worker_last_seen_timestamp_seconds", now.unix_seconds(seen), {{"worker", node}}});
}

void CeleryProbe::remember(const std::vector<std::string>& nodes, Moment::Steady now) {
  std::erase_if(last_seen_, [&](const auto& entry) { return now - entry.second > forget_worker_after; });
  for (const auto& node : nodes)
    if (last_seen_.size() < most_workers || last_seen_.contains(node)) last_seen_[node] = now;
}

void CeleryProbe::judge_queues(const QueueReport& report, ProbeResult& result, const Moment& now) {
  if (const auto& refused = report.failure) {
    result.checks.push_back({"queues", Status::unknown, refused.reason, refused.detail});
    return;
  }
  result.checks.push_back({"queues", Status::up});
  std::vector<std::string> lengths;
  for (std::size_t at = 0; at < options_.queues.size(); ++at) {
    const auto& queue = options_.queues[at];
    const auto length = report.lengths[at];
    const auto empty_at = now.unix_seconds(queue_memory_.last_empty(queue, length, now.steady));
    result.samples.push_back(
        {"healthd_celery_queue_length", static_cast<double>(length), {{"queue", queue}}});
    result.samples.push_back(
        {"healthd_celery_queue_last_empty_timestamp_seconds", empty_at, {{"queue", queue}}});
    lengths.push_back(queue + "=" + std::to_string(length));
  }
  result.samples.push_back({"healthd_celery_unacked_messages", static_cast<double>(report.unacked)});
  if (report.oldest_unacked)
    result.samples.push_back({"healthd_celery_oldest_unacked_timestamp_seconds", *report.oldest_unacked});
  result.evidence.emplace_back("queues", joined(lengths));
  result.evidence.emplace_back("unacked", std::to_string(report.unacked));
}

}  // namespace

std::unique_ptr<Probe> make_celery(ProbeConfig& config, Workshop& workshop) {
  auto broker = read_broker(config.options, workshop);
  auto options = read_celery_options(config.options);
  if (broker) {
    share_names(config.options, options, *broker);
    tell_broker_needs(workshop, *broker, {config.name, options.queues, !options.passive});
  }
  return std::make_unique<CeleryProbe>(std::move(broker), std::move(options));
}

}  // namespace healthd
