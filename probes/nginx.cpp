// The edge as a client sees it: https through the proxy, and beside it the redirect, a static file and nginx'
// own counters. One connection at a time.
#include "probes/http_get.hpp"
#include "probes/kinds.hpp"
#include "probes/stub_status.hpp"

namespace healthd {
namespace {

/// Answers by which nginx says that the upstream failed it: the proxy itself is fine.
bool upstream_failed(int status) { return status == 502 || status == 503 || status == 504; }

Failure check_redirect(const HttpResponse& response) {
  const bool moved =
      response.status == 301 || response.status == 302 || response.status == 307 || response.status == 308;
  if (!moved)
    return {Reason::http_status,
            "HTTP " + std::to_string(response.status) + " instead of a redirect to https"};
  if (!response.header("location").starts_with("https://"))
    return {Reason::body_mismatch, "the redirect does not lead to https"};
  return {};
}

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
      : edge_{read_http_target(config.options, "url", workshop)},
        redirect_{read_side(config.options, "redirect_url", workshop)},
        static_{read_side(config.options, "static_url", workshop)},
        stub_status_{read_side(config.options, "stub_status", workshop)} {
    edge_.expect_status = static_cast<int>(config.options.integer("expect_status", 0, 0, 599));
  }

  asio::awaitable<ProbeResult> run(Tools& tools, Trace& trace, Deadline deadline) override {
    ProbeResult result;
    const auto whole = deadline.left();
    co_await check_edge(tools, trace, deadline, result);
    trace.leave();
    const Budget budget{deadline, whole / least_share};
    if (redirect_) co_await check_side("redirect", *redirect_, check_redirect, tools, budget, result);
    if (static_) {
      const auto status = [this](const HttpResponse& response) { return check_status(*static_, response); };
      co_await check_side("static", *static_, status, tools, budget, result);
    }
    if (stub_status_) {
      const auto counters = [&result](const HttpResponse& response) {
        return read_counters(response, result);
      };
      co_await check_side("stub_status", *stub_status_, counters, tools, budget, result);
    }
    conclude(result);
    co_return result;
  }

  std::string target() const override { return to_string(edge_.url.endpoint); }

 private:
  static std::optional<HttpTarget> read_side(Options& options, std::string_view key, Workshop& workshop) {
    auto target = read_http_target(options, key, workshop, false);
    if (target.url.scheme.empty()) return std::nullopt;
    return target;
  }

  /// `https` and, where nginx answered, `upstream`.
  asio::awaitable<void> check_edge(Tools& tools, Trace& trace, Deadline deadline, ProbeResult& result) {
    HttpFinding finding;
    auto failure = co_await http_get(tools.resolver, trace, edge_, finding, deadline);
    if (failure.reason == Reason::timeout || failure.reason == Reason::connect_timeout)
      result.timed_out_in = trace.current();
    Failure upstream;
    if (!failure) {
      auto unexpected = check_status(edge_, *finding.response);
      const bool proxy_is_fine = upstream_failed(finding.response->status);
      (proxy_is_fine ? upstream : failure) = std::move(unexpected);
    }
    const bool answered = finding.response.has_value() && !failure;
    result.checks.push_back(judge("https", std::move(failure)));
    if (answered) result.checks.push_back(judge("upstream", std::move(upstream)));
    add_http_samples(finding, result);
    add_http_evidence(finding, result);
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

  static Failure read_counters(const HttpResponse& response, ProbeResult& result) {
    const auto status = response.status == 200 ? parse_stub_status(response.body) : std::nullopt;
    if (!status) return {Reason::body_mismatch, "the answer is not a stub_status page"};
    const auto add = [&result](const char* name, std::uint64_t value, Labels labels = {}) {
      result.samples.push_back({name, static_cast<double>(value), std::move(labels)});
    };
    add("healthd_nginx_connections_accepted_total", status->accepted);
    add("healthd_nginx_connections_handled_total", status->handled);
    add("healthd_nginx_http_requests_total", status->requests);
    add("healthd_nginx_connections", status->reading, {{"state", "reading"}});
    add("healthd_nginx_connections", status->writing, {{"state", "writing"}});
    add("healthd_nginx_connections", status->waiting, {{"state", "waiting"}});
    return {};
  }

  HttpTarget edge_;
  std::optional<HttpTarget> redirect_, static_, stub_status_;
};

}  // namespace

std::unique_ptr<Probe> make_nginx(ProbeConfig& config, Workshop& workshop) {
  return std::make_unique<NginxProbe>(config, workshop);
}

}  // namespace healthd
