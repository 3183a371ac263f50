// The edge as a client sees it: https through the proxy, and beside it the redirect, a static file and nginx'
// own counters. One connection at a time to each target.
#include "probes/edge.hpp"
#include "probes/http_promises.hpp"
#include "probes/kinds.hpp"
#include "probes/net/redirect.hpp"
#include "probes/stub_status.hpp"

namespace healthd {
namespace {

Failure check_redirect(const HttpResponse& response) {
  if (!is_redirect(response.status))
    return {Reason::http_status,
            "HTTP " + std::to_string(response.status) + " instead of a redirect to https"};
  if (!response.header("location").starts_with("https://"))
    return {Reason::body_mismatch, "the redirect does not lead to https"};
  return {};
}

/// Any good answer will do.
Failure check_static(const HttpResponse& response) { return check_expectations(Expectations{}, response); }

/// A side check that begins with less than this part of the run is not held to its deadline: the checks
/// before it took the time, and what it cannot tell is left out.
constexpr int least_share = 5;

/// What a side check may use.
struct Budget {
  Deadline deadline;
  Deadline::Clock::duration least;
  bool late() const { return deadline.left() < least; }
};

/// How a deadline reads, whichever phase it came in.
bool is_timeout(const Failure& failure) {
  return failure.reason == Reason::timeout || failure.reason == Reason::connect_timeout ||
         failure.reason == Reason::resolve;
}

class NginxProbe final : public Probe {
 public:
  NginxProbe(ProbeConfig& config, Workshop& workshop)
      : edge_{read_http_question(config, workshop)},
        promises_{read_promises(config.options, edge_.target.tls.has_value())},
        direct_{read_side(config.options, "direct", workshop)},
        redirect_{read_side(config.options, "redirect_url", workshop)},
        static_{read_side(config.options, "static_url", workshop)},
        stub_status_{read_side(config.options, "stub_status", workshop)},
        connections_limit_{config.options.integer("worker_connections_limit", 0, 1, 100'000'000)} {}

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    ProbeResult result;
    const auto whole = deadline.left();
    co_await check_edge(tools, trace, deadline, result);
    const Budget budget{deadline, whole / least_share};
    if (redirect_) co_await check_side("redirect", *redirect_, check_redirect, tools, budget, result);
    if (static_) co_await check_side("static", *static_, check_static, tools, budget, result);
    if (stub_status_) {
      const auto counters = [&result](const HttpResponse& response) {
        return add_counters(response, result);
      };
      co_await check_side("stub_status", *stub_status_, counters, tools, budget, result);
    }
    if (connections_limit_ > 0)
      result.samples.push_back(
          {"healthd_nginx_worker_connections_limit", static_cast<double>(connections_limit_)});
    conclude(result);
    co_return result;
  }

  std::string target() const override { return to_string(edge_.target.url.endpoint); }

 private:
  static std::optional<HttpTarget> read_side(Options& options, std::string_view key, Workshop& workshop) {
    auto target = read_http_target(options, key, workshop, false);
    if (target.url.scheme.empty()) return std::nullopt;
    return target;
  }

  /// `https`; where nginx answered, `upstream`; where that leaves doubt, `direct`; and how good the answer
  /// was.
  asio::awaitable<void> check_edge(Tools& tools, Trace& trace, Deadline deadline, ProbeResult& result) {
    auto [answer, fault, direct] = co_await ask_edge(tools.resolver, trace, edge_, direct_, deadline);
    result.timed_out_in = answer.timed_out_in;
    if (direct) compare(*direct, fault, result);
    const bool answered = fault.upstream || (answer.finding.response && !fault.https);
    answer.failure = std::move(fault.https);
    result.checks.push_back(judge_main("https", answer, result));
    if (answered) result.checks.push_back(judge("upstream", fault.upstream));
    if (direct) result.checks.push_back(std::move(direct->check));
    const bool good = !answer.failure && !fault.upstream;
    if (good) {
      add_latency(edge_, answer, result);
      add_promises(promises_, *answer.finding.response, result);
    }
    add_http_samples(answer.finding, result);
    add_http_evidence(answer.finding, good, result);
  }

  template <typename Judge>
  asio::awaitable<void> check_side(std::string name, const HttpTarget& target, Judge verdict, Tools& tools,
                                   Budget budget, ProbeResult& result) {
    const bool late = budget.late();
    if (budget.deadline.passed()) co_return;  // the main check took it all: nothing was observed here
    Trace trace;
    HttpFinding finding;
    auto failure = co_await http_get(tools.resolver, trace, target, finding, budget.deadline);
    if (late && budget.deadline.passed() && is_timeout(failure)) co_return;
    if (!failure) failure = verdict(*finding.response);
    result.checks.push_back(judge(std::move(name), std::move(failure)));
  }

  HttpQuestion edge_;
  Promises promises_;
  std::optional<HttpTarget> direct_, redirect_, static_, stub_status_;
  std::int64_t connections_limit_;
};

}  // namespace

std::unique_ptr<Probe> make_nginx(ProbeConfig& config, Workshop& workshop) {
  return std::make_unique<NginxProbe>(config, workshop);
}

}  // namespace healthd
