// The `beat` probe: the workers' counters of one periodic task, what tells of it in events, and who is
// connected.
#include <algorithm>

#include "probes/beat_judge.hpp"
#include "probes/celery_broker.hpp"
#include "probes/celery_needs.hpp"
#include "probes/kinds.hpp"
#include "probes/net/info_text.hpp"
#include "probes/net/inspect.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

/// CLIENT LIST takes Redis a moment for each connection.
constexpr double most_clients = 2000;

/// As many tasks run as can, by the worker's last heartbeat.
bool is_full(const PidboxReply& reply, const std::map<std::string, WorkerNews>& news) {
  const auto pool = decode_pool(reply);
  const auto heard = news.find(reply.node);
  return pool && pool->concurrency > 0 && heard != news.end() &&
         heard->second.active.value_or(0) >= pool->concurrency;
}

struct BeatOptions {
  std::string task;
  std::string queue;  ///< "": those of the celery probe
  Duration every{};
  bool passive = false;
};

class BeatProbe final : public Probe {
 public:
  BeatProbe(std::shared_ptr<Broker> broker, BeatOptions options, Duration interval)
      : broker_{std::move(broker)},
        options_{std::move(options)},
        judge_{options_.task, options_.every, interval} {
    broker_->subscription().news().watch_task(options_.task);
  }

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    auto asking = ask(tools, trace, deadline);
    auto sight = co_await with_deadline(std::move(asking), deadline);
    if (!sight) {
      sight.emplace();
      sight->failure = timed_out(trace);
    }
    auto& subscription = broker_->subscription();
    sight->sends = subscription.news().take_sends(options_.task);
    sight->heard_since = subscription.hearing().since;
    co_return judge_.judge(*sight, Moment::now());
  }

  asio::awaitable<void> listen(Tools& tools) override {
    return broker_->subscription().attend(tools.resolver);
  }

  std::string target() const override { return broker_->address(); }

 private:
  asio::awaitable<BeatSight> ask(Tools& tools, Trace& trace, Deadline deadline) const;
  asio::awaitable<void> see_peers(const Turns::Turn& turn, const RedisReply& info, BeatSight& sight) const;
  std::vector<std::string> queues() const;

  std::shared_ptr<Broker> broker_;
  BeatOptions options_;
  BeatJudge judge_;
};

/// Read at run time: the celery probe may be built after this one.
std::vector<std::string> BeatProbe::queues() const {
  return options_.queue.empty() ? broker_->queues_or_default() : std::vector{options_.queue};
}

/// Where we may not look, nothing is learned, and the celery probe says so.
asio::awaitable<void> BeatProbe::see_peers(const Turns::Turn& turn, const RedisReply& info,
                                           BeatSight& sight) const {
  const auto clients = info.is_error() ? 0 : InfoText{info.text}.number("connected_clients").value_or(0);
  if (clients > most_clients) co_return;
  std::vector<RedisCommand> commands;
  commands.push_back({"CLIENT", "LIST"});
  const auto said = co_await broker_->ask_more(turn, std::move(commands));
  if (said && !said->front().is_error()) sight.peers = parse_client_list(said->front().text);
}

asio::awaitable<BeatSight> BeatProbe::ask(Tools& tools, Trace& trace, Deadline deadline) const {
  BeatSight sight;
  const auto turn = co_await broker_->turn();
  const auto names = queues();
  auto commands = queue_commands(broker_->names(), names);
  commands.push_back({"INFO", "clients"});
  const auto replies = co_await broker_->ask(turn, tools.resolver, trace, std::move(commands));
  if (!replies) {
    sight.failure = replies.error();
    co_return sight;
  }
  sight.queues = read_queues(broker_->names(), names, *replies);
  co_await see_peers(turn, replies->back(), sight);
  if (options_.passive || broker_->passive()) co_return sight;
  sight.asked = true;
  std::vector<std::string> methods{"stats"};
  auto rounds =
      co_await broker_->broadcast(turn, tools.resolver, trace, std::move(methods), reply_patience, deadline);
  if (!rounds) {
    sight.failure = rounds.error();
    co_return sight;
  }
  const auto& round = rounds->front();
  sight.answered = !round.replies.empty();
  sight.complete = static_cast<long long>(round.replies.size()) >= round.receivers;
  for (const auto& reply : round.replies)
    if (auto stats = decode_stats(reply, options_.task)) sight.workers.push_back(std::move(*stats));
  const auto& news = broker_->subscription().news().workers();
  sight.full = sight.answered && std::ranges::all_of(round.replies, [&](const PidboxReply& reply) {
                 return is_full(reply, news);
               });
  co_return sight;
}

}  // namespace

std::unique_ptr<Probe> make_beat(ProbeConfig& config, Workshop& workshop) {
  auto& options = config.options;
  auto broker = read_broker(options, workshop);
  BeatOptions read;
  read.task = options.text("task", "reports.scheduler");
  read.queue = options.text("queue");
  read.every = options.duration("every", std::chrono::minutes{1});
  read.passive = options.flag("passive", false);
  if (read.every <= Duration::zero())
    options.error("every", "every: expected the period of the task, such as 60s");
  if (!broker) return nullptr;
  const auto own = read.queue.empty() ? std::vector<std::string>{} : std::vector{read.queue};
  BrokerUser user{config.name, own, !read.passive};
  user.clock_task = read.task;
  tell_broker_needs(workshop, *broker, std::move(user));
  if (canary_disturbs_clock(*broker))
    options.error("task",
                  "task: the canary of a celery probe runs the same task, so it tells nothing of Beat; count "
                  "another one, such as celery.backend_cleanup");
  return std::make_unique<BeatProbe>(std::move(broker), std::move(read), config.interval);
}

}  // namespace healthd
