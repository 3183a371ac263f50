#include "probes/edge.hpp"

namespace healthd {
namespace {

/// Answers by which nginx says that the upstream failed it: the proxy itself is fine.
bool upstream_failed(int status) { return status == 502 || status == 503 || status == 504; }

constexpr int too_many_requests = 429;

std::string summary(const DirectAnswer& direct) {
  if (direct.check.status == Status::up) return "HTTP " + std::to_string(direct.status);
  return std::string{to_string(direct.check.reason)} + ": " + direct.check.detail;
}

}  // namespace

EdgeFault blame(const HttpAnswer& answer) {
  EdgeFault fault;
  const bool spoken_for = answer.failure && upstream_failed(answer.status());
  (spoken_for ? fault.upstream : fault.https) = answer.failure;
  const bool wrong_answer = answer.failure && answer.finding.response && answer.status() != too_many_requests;
  fault.may_be_both = wrong_answer || left_waiting(answer);
  return fault;
}

asio::awaitable<DirectAnswer> ask_directly(Resolver& resolver, const HttpTarget& target,
                                           const Expectations& expect, Deadline deadline) {
  HttpQuestion question{target, expect, std::nullopt};
  question.expect.headers.clear();
  Trace trace;
  auto answer = co_await ask(resolver, trace, question, deadline);
  DirectAnswer direct;
  direct.status = answer.status();
  direct.check = judge("direct", std::move(answer.failure));
  co_return direct;
}

void compare(const DirectAnswer& direct, EdgeFault& fault, ProbeResult& result) {
  result.evidence.emplace_back("direct", summary(direct));
  if (direct.check.status == Status::unknown) return;  // we could not ask: nothing to compare
  const bool answers = direct.check.status == Status::up;
  result.samples.push_back({"healthd_superset_backend_bypass_ok", answers ? 1.0 : 0.0});
  if (!answers && fault.https) std::swap(fault.https, fault.upstream);
  const std::string verdict = answers ? "the application answers directly: look at nginx"
                                      : "the application does not answer directly either: look at gunicorn";
  result.evidence.emplace_back("verdict", verdict);
  auto& told = fault.upstream ? fault.upstream : fault.https;
  told.detail += "; " + verdict;
}

}  // namespace healthd
