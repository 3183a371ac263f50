#include "probes/run_probe.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "probes/with_deadline.hpp"

namespace healthd {
namespace {

constexpr std::chrono::milliseconds unwind_grace{200};

ProbeResult failed(Status status, Failure failure) {
  ProbeResult result;
  result.status = status;
  result.reason = failure.reason;
  result.detail = std::move(failure.detail);
  return result;
}

/// What the run found, or what its end means. A cancel from outside is rethrown: a shutdown is not an outage.
asio::awaitable<ProbeResult> find(Probe& probe, Tools& tools, Trace& trace, Deadline deadline) {
  std::string bug;
  try {
    auto run = probe.run(tools, trace, deadline);
    auto found = co_await with_deadline(std::move(run), Deadline{deadline.when() + unwind_grace});
    if (found) co_return std::move(*found);
    co_return failed(Status::down, timed_out(trace));
  } catch (const std::exception& error) {
    bug = error.what();
  }
  const auto stopping = co_await asio::this_coro::cancellation_state;
  if (stopping.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error{asio::error::operation_aborted};
  co_return failed(Status::unknown, {Reason::internal, "bug in the probe: " + bug});
}

}  // namespace

asio::awaitable<Outcome> run_probe(Probe& probe, std::string name, Duration timeout, Tools& tools) {
  const auto started = Deadline::Clock::now();
  const Deadline deadline{started + timeout};
  Trace trace;
  auto result = co_await find(probe, tools, trace, deadline);
  if (result.reason == Reason::timeout || result.reason == Reason::connect_timeout) {
    if (!result.timed_out_in) result.timed_out_in = trace.current();
  }
  trace.leave();
  result.phases = trace.phases();

  Outcome outcome;
  outcome.probe = std::move(name);
  outcome.result = std::move(result);
  outcome.at = std::chrono::system_clock::now();
  outcome.steady_at = Deadline::Clock::now();
  outcome.took = outcome.steady_at - started;
  co_return outcome;
}

asio::awaitable<Failure> guarded(asio::awaitable<Failure> check, Trace& trace, Deadline deadline) {
  auto found = co_await with_deadline(std::move(check), deadline);
  if (found) co_return std::move(*found);
  co_return timed_out(trace);
}

}  // namespace healthd
