// Gunicorn, asked directly, past the proxy: `/health` needs neither PostgreSQL nor Redis, so its answer says
// whether a worker is free.
#include "probes/http_get.hpp"
#include "probes/kinds.hpp"

namespace healthd {
namespace {

class GunicornProbe final : public Probe {
 public:
  GunicornProbe(ProbeConfig& config, Workshop& workshop)
      : health_{read_http_target(config.options, "url", workshop)} {
    health_.expect_status = static_cast<int>(config.options.integer("expect_status", 200, 100, 599));
  }

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    HttpFinding finding;
    auto failure = co_await http_get(tools.resolver, trace, health_, finding, deadline);
    if (!failure) failure = check_status(health_, *finding.response);
    ProbeResult result;
    result.checks.push_back(judge("health", std::move(failure)));
    add_http_samples(finding, result);
    add_http_evidence(finding, result);
    conclude(result);
    co_return result;
  }

  std::string target() const override { return to_string(health_.url.endpoint); }

 private:
  HttpTarget health_;
};

}  // namespace

std::unique_ptr<Probe> make_gunicorn(ProbeConfig& config, Workshop& workshop) {
  return std::make_unique<GunicornProbe>(config, workshop);
}

}  // namespace healthd
