// Gunicorn, asked directly, past the proxy: `/health` needs neither PostgreSQL nor Redis, so its answer says
// whether a worker is free.
#include <chrono>

#include "probes/http_question.hpp"
#include "probes/kinds.hpp"
#include "probes/statsd_listener.hpp"

namespace healthd {
namespace {

/// The kernel accepts connections on behalf of a process that does not get round to them.
Failure saturated(Deadline::Clock::duration patience) {
  const auto span = std::chrono::ceil<std::chrono::duration<int, std::centi>>(patience);
  return {Reason::saturated,
          "the kernel accepted the connection, but no worker answered in " + format_duration(span)};
}

class GunicornProbe final : public Probe {
 public:
  GunicornProbe(ProbeConfig& config, Workshop& workshop)
      : health_{read_http_question(config, workshop, {200})}, statsd_{read_statsd_listener(config.options)} {}

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    const auto patience = deadline.left();
    auto answer = co_await ask(tools.resolver, trace, health_, deadline);
    if (left_waiting(answer)) answer.failure = saturated(patience);
    ProbeResult result;
    result.timed_out_in = answer.timed_out_in;
    result.checks.push_back(judge_main("health", answer, result));
    add_latency(health_, answer, result);
    add_http_samples(answer.finding, result);
    add_http_evidence(answer.finding, !answer.failure, result);
    if (statsd_) statsd_->report(result);
    conclude(result);
    co_return result;
  }

  asio::awaitable<void> listen(Tools&) override {
    if (statsd_) co_await statsd_->listen();
  }

  std::string target() const override { return to_string(health_.target.url.endpoint); }

 private:
  HttpQuestion health_;
  std::unique_ptr<StatsdListener> statsd_;
};

}  // namespace

std::unique_ptr<Probe> make_gunicorn(ProbeConfig& config, Workshop& workshop) {
  return std::make_unique<GunicornProbe>(config, workshop);
}

}  // namespace healthd
