// Gunicorn, asked directly, past the proxy: `/health` needs neither PostgreSQL nor Redis, so its answer says
// whether a worker is free.
#include <chrono>

#include "probes/http_question.hpp"
#include "probes/kinds.hpp"
#include "probes/statsd_listener.hpp"

namespace healthd {
namespace {

/// The kernel accepts connections on behalf of a process that does not get round to them; the TLS handshake,
/// too, is left to a worker. A redirect is the answer of one.
bool no_worker_answered(const HttpAnswer& answer) {
  const bool no_handshake = answer.failure.reason == Reason::timeout && answer.timed_out_in == Phase::tls;
  return (no_handshake || left_waiting(answer)) && answer.finding.redirects == 0;
}

Failure saturated(Deadline::Clock::duration waited) {
  const auto span = std::chrono::ceil<std::chrono::duration<int, std::centi>>(waited);
  return {Reason::saturated,
          "the kernel accepted the connection, but no worker answered in " + format_duration(span)};
}

class GunicornProbe final : public Probe {
 public:
  GunicornProbe(ProbeConfig& config, Workshop& workshop)
      : health_{read_http_question(config, workshop, {200})},
        statsd_{read_statsd_listener(config.options, workshop)} {}

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    auto answer = co_await ask(tools.resolver, trace, health_, deadline);
    if (no_worker_answered(answer)) answer.failure = saturated(answer.waited);
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
