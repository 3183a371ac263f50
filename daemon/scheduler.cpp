#include "daemon/scheduler.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

#include "daemon/failpoint.hpp"
#include "daemon/progress.hpp"
#include "probes/run_probe.hpp"

namespace healthd {
namespace {

/// Beyond this our own process was asleep or starved, and the result says nothing about the target.
constexpr std::chrono::seconds own_delay{1};

}  // namespace

void Nudge::now() {
  if (waiting_ == nullptr) return;
  early_ = true;
  waiting_->cancel();
}

bool is_stuck(const ScheduledProbe& probe, ScheduledProbe::Time now) {
  return is_stuck(probe.interval, probe.timeout, *probe.last_sign, now);
}

asio::awaitable<void> watch(const ScheduledProbe& probe, std::string identity, Tools& tools,
                            const RunSink& sink) {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  const Schedule schedule{Deadline::Clock::now(), identity, probe.interval, probe.retry_interval};
  Schedule::Slot slot{schedule.first()};
  for (;;) {
    timer.expires_at(slot.at);
    probe.nudge->waiting_ = &timer;
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    probe.nudge->waiting_ = nullptr;
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      co_return;
    const auto started = Deadline::Clock::now();
    *probe.last_sign = started;
    block_at("wedge_loop");
    if (failpoint_reached("hang_run")) {
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      timer.expires_at(ScheduledProbe::Time::max());
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (std::exchange(probe.nudge->early_, false)) slot = {started};
    Run run;
    run.outcome = co_await run_probe(*probe.probe, probe.name, probe.timeout, tools);
    run.lateness = started - slot.at;
    run.skipped = slot.skipped;
    run.outcome.delayed = run.lateness > own_delay || run.outcome.took > probe.timeout + own_delay;
    *probe.last_sign = Deadline::Clock::now();
    const auto rest = run.outcome.result.rest;
    const bool again_soon = sink(std::move(run));
    slot = rest > Duration{} ? schedule.after_rest(slot.at, Deadline::Clock::now(), rest)
                             : schedule.next(slot.at, Deadline::Clock::now(), again_soon);
  }
}

}  // namespace healthd
