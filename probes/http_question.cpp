#include "probes/http_question.hpp"

#include <algorithm>
#include <chrono>

#include "probes/net/retry_after.hpp"
#include "probes/workshop.hpp"

namespace healthd {
namespace {

constexpr int too_many_requests = 429;
/// For whoever says that we ask too often, but not how often we may.
constexpr std::chrono::seconds usual_rest{30};

std::optional<Duration> read_slow_after(ProbeConfig& config) {
  constexpr auto key = "slow_after";
  const auto slow = config.options.duration(key, Duration{1}, std::chrono::hours{1});
  if (slow && *slow >= config.timeout)
    config.options.warning(key, "slow_after: never reached, for the timeout of " +
                                    format_duration(config.timeout) + " comes first");
  return slow;
}

}  // namespace

HttpQuestion read_http_question(ProbeConfig& config, Workshop& workshop, std::vector<int> statuses) {
  HttpQuestion question;
  auto& target = question.target;
  target = read_http_target(config.options, "url", workshop);
  target.follow_redirects = config.options.flag("follow_redirects", false);
  // On port 80's behalf a redirect may lead to https.
  if (target.follow_redirects && target.url.scheme == "http")
    target.tls = workshop.tls.client(config.options, target.url.endpoint.host);
  question.expect = read_expectations(config.options, std::move(statuses));
  question.slow_after = read_slow_after(config);
  return question;
}

asio::awaitable<HttpAnswer> ask(Resolver& resolver, Trace& trace, const HttpQuestion& question,
                                Deadline deadline) {
  HttpAnswer answer;
  const auto limits = limits_for(question.expect);
  const auto begin = Deadline::Clock::now();
  answer.failure = co_await http_get(resolver, trace, question.target, answer.finding, deadline, limits);
  answer.took = Deadline::Clock::now() - begin;
  if (answer.failure.reason == Reason::timeout || answer.failure.reason == Reason::connect_timeout)
    answer.timed_out_in = trace.current();
  trace.leave();
  answer.waited = time_connected(trace.phases());
  if (!answer.failure) answer.failure = check_expectations(question.expect, *answer.finding.response);
  co_return answer;
}

bool left_waiting(const HttpAnswer& answer) {
  const auto phase = answer.timed_out_in;
  return answer.failure.reason == Reason::timeout && (phase == Phase::request || phase == Phase::first_byte);
}

Deadline::Clock::duration time_connected(const Phases& phases) {
  std::chrono::duration<double> sum{};
  for (const auto phase : {Phase::tls, Phase::request, Phase::first_byte, Phase::transfer})
    sum += std::chrono::duration<double>{phases[phase].value_or(0)};
  return std::chrono::duration_cast<Deadline::Clock::duration>(sum);
}

CheckResult judge_main(std::string name, const HttpAnswer& answer, ProbeResult& result) {
  auto check = judge(std::move(name), answer.failure);
  if (!answer.failure || answer.status() != too_many_requests) return check;
  const auto asked =
      retry_after(answer.finding.response->header("retry-after"), std::chrono::system_clock::now());
  const bool soon = asked.value_or(std::chrono::seconds{0}) == std::chrono::seconds{0};
  result.rest = soon ? usual_rest : *asked;
  check.status = Status::degraded;
  return check;
}

void add_latency(const HttpQuestion& question, const HttpAnswer& answer, ProbeResult& result) {
  if (!question.slow_after || answer.failure) return;
  Failure slow;
  if (answer.took > *question.slow_after) {
    const auto took = std::chrono::ceil<Duration>(answer.took);
    slow = {Reason::slow, "the answer took " + format_duration(took) + ", more than " +
                              format_duration(*question.slow_after)};
  }
  result.checks.push_back(judge("latency", std::move(slow)));
}

}  // namespace healthd
