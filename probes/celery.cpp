// The `celery` probe: what waits on the broker, who takes it, and what each worker is up to.
#include <exception>

#include "probes/beside.hpp"
#include "probes/celery_broker.hpp"
#include "probes/celery_canaries.hpp"
#include "probes/celery_judge.hpp"
#include "probes/celery_look.hpp"
#include "probes/celery_needs.hpp"
#include "probes/celery_options.hpp"
#include "probes/kinds.hpp"
#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

/// Workers that were silent for so long are forgotten, as what else is known of them.
constexpr auto forget_news_after = 1h;
constexpr auto clean_up_at_end = 1500ms;

class CeleryProbe final : public Probe {
 public:
  CeleryProbe(std::shared_ptr<Broker> broker, CeleryOptions options)
      : broker_{std::move(broker)},
        options_{std::move(options)},
        look_{broker_, options_},
        canaries_{broker_, options_},
        judge_{options_, broker_->names().database, std::chrono::steady_clock::now()} {}

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    auto asking = ask(tools, trace, deadline);
    auto limited = with_deadline(std::move(asking), deadline);
    // A single run hears what is published meanwhile; the daemon listens all the time.
    if (!broker_->subscription().attended())
      limited = beside(broker_->subscription().listen(tools.resolver), std::move(limited));
    auto sight = co_await std::move(limited);
    if (!sight) {
      sight.emplace();
      sight->failure = timed_out(trace);
    }
    co_return judge(*sight);
  }

  asio::awaitable<void> listen(Tools& tools) override;

  std::string target() const override { return broker_->address(); }

 private:
  asio::awaitable<CelerySight> ask(Tools& tools, Trace& trace, Deadline deadline);
  asio::awaitable<bool> abandon_canaries(Tools& tools);
  ProbeResult judge(const CelerySight& sight);

  std::shared_ptr<Broker> broker_;
  CeleryOptions options_;
  CeleryLook look_;
  CeleryCanaries canaries_;
  CeleryJudge judge_;
};

asio::awaitable<CelerySight> CeleryProbe::ask(Tools& tools, Trace& trace, Deadline deadline) {
  const auto turn = co_await broker_->turn();
  const bool inspect = judge_.wants_inspection(std::chrono::steady_clock::now());
  auto sight = co_await look_.look(turn, tools, trace, deadline, inspect);
  if (sight.failure || sight.ping_failure) co_return sight;
  const auto withdrawn = co_await canaries_.step(turn, trace);
  for (const auto& [queue, message] : withdrawn) look_.withdrawn(queue, message);
  co_return sight;
}

asio::awaitable<void> CeleryProbe::listen(Tools& tools) {
  std::exception_ptr stopped;
  try {
    co_await broker_->subscription().attend(tools.resolver);
  } catch (...) {
    stopped = std::current_exception();
  }
  // We are being stopped, but what we sent must not outlive us.
  co_await asio::this_coro::reset_cancellation_state();
  auto abandoning = abandon_canaries(tools);
  co_await with_deadline(std::move(abandoning), Deadline::in(clean_up_at_end));
  if (stopped) std::rethrow_exception(stopped);
}

asio::awaitable<bool> CeleryProbe::abandon_canaries(Tools& tools) {
  const auto turn = co_await broker_->turn();
  Trace trace;
  co_await canaries_.abandon(turn, tools.resolver, trace);
  co_return true;
}

ProbeResult CeleryProbe::judge(const CelerySight& sight) {
  const auto now = Moment::now();
  auto& subscription = broker_->subscription();
  subscription.news().forget_before(now.steady - forget_news_after);
  auto result = judge_.judge(sight, subscription.news(), subscription.hearing(), now);
  if (!options_.canary.queues.empty()) {
    canaries_.report(result, now);
    conclude(result);
  }
  return result;
}

}  // namespace

std::unique_ptr<Probe> make_celery(ProbeConfig& config, Workshop& workshop) {
  auto broker = read_broker(config.options, workshop);
  auto options = read_celery_options(config.options, broker ? broker->names().database : 0);
  if (!broker) return nullptr;
  share_names(config.options, options, *broker);
  BrokerUser user{config.name, options.queues, !options.passive};
  user.reads_messages = true;
  user.canary_queues = options.canary.queues;
  user.result_prefix = options.listening.result_prefix;
  tell_broker_needs(workshop, *broker, std::move(user));
  if (canary_disturbs_clock(*broker))
    config.options.error("canary",
                         "canary: its task, celery.accumulate, is the one that a beat probe counts; give "
                         "that probe another task, such as celery.backend_cleanup");
  return std::make_unique<CeleryProbe>(std::move(broker), std::move(options));
}

}  // namespace healthd
