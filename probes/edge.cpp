#include "probes/edge.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>

#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

/// Answers by which nginx says that the upstream failed it: the proxy itself is fine.
bool upstream_failed(int status) { return status == 502 || status == 503 || status == 504; }

constexpr int too_many_requests = 429;
/// An edge that has not answered when this part of the run is left may not answer at all.
constexpr int last_share = 3;

std::string summary(const DirectAnswer& direct) {
  if (direct.check.status == Status::up) return "HTTP " + std::to_string(direct.status);
  return std::string{to_string(direct.check.reason)} + ": " + direct.check.detail;
}

/// Nobody but the application can have shown these. A network that drops packets looks different, and so does
/// a certificate that we do not trust.
Witness testimony(const HttpAnswer& answer) {
  constexpr std::array own{Reason::http_status, Reason::body_mismatch, Reason::reset,
                           Reason::connect_refused};
  if (!answer.failure) return Witness::works;
  if (answer.status() == too_many_requests) return Witness::nothing;
  const bool shown = left_waiting(answer) || std::ranges::find(own, answer.failure.reason) != own.end();
  return shown ? Witness::fails : Witness::nothing;
}

/// `expect`: of the edge; what it wants of headers is left out, for the proxy may add them.
asio::awaitable<DirectAnswer> ask_directly(Resolver& resolver, const HttpTarget& target,
                                           const Expectations& expect, Deadline deadline) {
  HttpQuestion question{target, expect, std::nullopt};
  question.expect.headers.clear();
  Trace trace;
  auto answer = co_await ask(resolver, trace, question, deadline);
  DirectAnswer direct;
  direct.status = answer.status();
  direct.witness = testimony(answer);
  direct.check = judge("direct", std::move(answer.failure));
  if (direct.witness == Witness::nothing) direct.check.status = Status::unknown;
  co_return direct;
}

/// A timer that also goes off when it is told to, be it before anybody waits for it.
class Bell {
 public:
  Bell(const asio::any_io_executor& executor, Deadline::Clock::time_point when) : timer_{executor, when} {}
  void ring() { timer_.expires_at(Deadline::Clock::time_point::min()); }
  asio::steady_timer& timer() { return timer_; }

 private:
  asio::steady_timer timer_;
};

/// Two questions side by side, of which the second may never be asked.
struct Hearing {
  Hearing(const asio::any_io_executor& executor, Resolver& names, const HttpQuestion& question, Deadline end)
      : resolver{names},
        edge{question},
        deadline{end},
        begin_direct{executor, end.when() - end.left() / last_share},
        end_direct{executor, Deadline::Clock::time_point::max()} {}

  Resolver& resolver;
  const HttpQuestion& edge;
  Deadline deadline;
  Bell begin_direct, end_direct;
  EdgeAnswers answers = {};
};

asio::awaitable<bool> hear_edge(Hearing& hearing, Trace& trace) {
  auto& answers = hearing.answers;
  answers.edge = co_await ask(hearing.resolver, trace, hearing.edge, hearing.deadline);
  answers.fault = blame(answers.edge);
  (answers.fault.may_be_both ? hearing.begin_direct : hearing.end_direct).ring();
  co_return true;
}

asio::awaitable<bool> hear_direct(Hearing& hearing, const HttpTarget& target) {
  co_await hearing.begin_direct.timer().async_wait(asio::as_tuple(asio::use_awaitable));
  hearing.answers.direct =
      co_await ask_directly(hearing.resolver, target, hearing.edge.expect, hearing.deadline);
  co_return true;
}

/// Until the answer is there, or the edge's own leaves nothing to ask.
asio::awaitable<bool> hear_direct_if_needed(Hearing& hearing, const HttpTarget& target) {
  auto executor = co_await asio::this_coro::executor;
  auto work = hear_direct(hearing, target);
  auto race =
      asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(work), asio::deferred),
                                              hearing.end_direct.timer().async_wait(asio::deferred));
  auto [order, error, heard, timer_error] =
      co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (order[0] == 0 && error) std::rethrow_exception(error);
  co_return heard;
}

}  // namespace

EdgeFault blame(const HttpAnswer& answer) {
  EdgeFault fault;
  fault.answered = answer.finding.response.has_value();
  const bool spoken_for = answer.failure && upstream_failed(answer.status());
  (spoken_for ? fault.upstream : fault.https) = answer.failure;
  const bool wrong_answer = answer.failure && fault.answered && answer.status() != too_many_requests;
  fault.may_be_both = wrong_answer || left_waiting(answer);
  return fault;
}

asio::awaitable<EdgeAnswers> ask_edge(Resolver& resolver, Trace& trace, const HttpQuestion& edge,
                                      const std::optional<HttpTarget>& direct, Deadline deadline) {
  auto executor = co_await asio::this_coro::executor;
  Hearing hearing{executor, resolver, edge, deadline};
  auto first = hear_edge(hearing, trace);
  if (!direct) {
    co_await std::move(first);
    co_return std::move(hearing.answers);
  }
  auto second = hear_direct_if_needed(hearing, *direct);
  auto group =
      asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(first), asio::deferred),
                                              asio::co_spawn(executor, std::move(second), asio::deferred));
  auto [order, edge_error, edge_heard, direct_error, direct_heard] =
      co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  if (edge_error) std::rethrow_exception(edge_error);
  if (direct_error) std::rethrow_exception(direct_error);
  if (!hearing.answers.fault.may_be_both) hearing.answers.direct.reset();
  co_return std::move(hearing.answers);
}

void compare(const DirectAnswer& direct, EdgeFault& fault, ProbeResult& result) {
  result.evidence.emplace_back("direct", summary(direct));
  if (direct.witness == Witness::nothing) {
    result.evidence.emplace_back("verdict", "none: this does not show whether the application works");
    return;
  }
  const bool works = direct.witness == Witness::works;
  result.samples.push_back({"healthd_superset_backend_bypass_ok", works ? 1.0 : 0.0});
  if (!works && fault.answered && fault.https) std::swap(fault.https, fault.upstream);
  const std::string verdict = works ? "the application answers directly: look at nginx"
                                    : "the application does not answer directly either: look at gunicorn";
  result.evidence.emplace_back("verdict", verdict);
  auto& told = fault.upstream ? fault.upstream : fault.https;
  told.detail += "; " + verdict;
}

}  // namespace healthd
