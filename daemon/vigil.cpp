#include "daemon/vigil.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "daemon/connectivity.hpp"
#include "daemon/log.hpp"
#include "daemon/self_watch.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr auto connectivity_interval = 1s;
constexpr auto connectivity_timeout = 3s;
constexpr auto heartbeat_timeout = 10s;
constexpr auto longest_without_disk = 15min;
constexpr auto young = 2min;

}  // namespace

Vigil::Vigil(VigilParts parts) : parts_{std::move(parts)} {
  heartbeat_.wanted = parts_.heartbeat.has_value();
}

void Vigil::start(TaskScope& scope) {
  scope.spawn("vigil", look_forever());
  scope.spawn("connectivity", check_connectivity());
  if (parts_.heartbeat) scope.spawn("heartbeat", beat());
}

asio::awaitable<void> Vigil::look_forever() {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (;;) {
    look();
    timer.expires_after(self_interval);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

/// The daemon is one of the things that it watches.
void Vigil::look() {
  SelfFindings findings;
  findings.receivers = parts_.dispatcher.views();
  findings.store = parts_.store.state();
  findings.store_wanted = parts_.store_wanted;
  findings.scheduler_lag = parts_.scheduler_lag;
  findings.blind = blind_;
  findings.config_ok = parts_.config_ok();
  note_store(findings.store);
  parts_.tell(self_outcome(findings, Moment::now()));
}

void Vigil::note_store(const StoreState& state) {
  const bool kept = state.mode == StoreState::Mode::disk || !parts_.store_wanted;
  if (kept && unkept_since_) log_event(LogLevel::info, "state_kept_again");
  if (!kept && !unkept_since_) log_event(LogLevel::warning, "state_not_kept", {{"trouble", state.trouble}});
  if (kept) unkept_since_.reset();
  if (!kept && !unkept_since_) unkept_since_ = Clock::now();
}

/// Asked only while a target fails: else there is no doubt.
asio::awaitable<void> Vigil::check_connectivity() {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (;;) {
    timer.expires_after(connectivity_interval);
    co_await timer.async_wait(asio::use_awaitable);
    const auto& probes = parts_.history.probes();
    const bool lost = any_fails(probes) && !co_await any_reachable(parts_.resolver, parts_.connectivity,
                                                                   Deadline::in(connectivity_timeout));
    if (!lost) unreachable_since_.reset();
    if (lost && !unreachable_since_) unreachable_since_ = Clock::now();
    const bool before =
        std::exchange(blind_, unreachable_since_ && nothing_seen_since(probes, *unreachable_since_));
    if (blind_ != before) look();
  }
}

std::string Vigil::trouble() const {
  const auto now = Clock::now();
  if (blind_) return "the monitor is blind: nothing can be reached";
  if (!parts_.dispatcher.healthy()) return "no receiver can be reached";
  const auto& probes = parts_.history.probes();
  const auto runs_on = [now](const ProbeView& probe) {
    const std::chrono::duration<double> patience{3 * probe.interval_seconds + probe.timeout_seconds + 5};
    return probe.last && now - probe.last->steady_at < patience;
  };
  const auto running = std::ranges::count_if(probes, runs_on);
  // While we are young, a probe with a long interval has had no time yet.
  if (now - started_ > young && 10 * running < 9 * static_cast<std::ptrdiff_t>(probes.size()))
    return "only " + std::to_string(running) + " of " + std::to_string(probes.size()) + " probes run";
  if (unkept_since_ && now - *unkept_since_ > longest_without_disk) return "the state cannot be written";
  return "";
}

asio::awaitable<void> Vigil::beat() {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  bool failing = false;
  for (;;) {
    timer.expires_after(parts_.heartbeat_interval);
    co_await timer.async_wait(asio::use_awaitable);
    heartbeat_.trouble = trouble();
    const auto sent = co_await parts_.heartbeat->beat(heartbeat_.trouble, Deadline::in(heartbeat_timeout));
    const bool arrived = sent.kind == Delivery::Kind::sent;
    ++(arrived ? heartbeat_.successes : heartbeat_.failures);
    heartbeat_.last_sent = arrived;
    if (arrived) heartbeat_.last_success_at = std::chrono::system_clock::now();
    if (!arrived && !failing)
      log_event(LogLevel::warning, "heartbeat_failed", {{"reason", sent.reason}, {"detail", sent.detail}});
    failing = !arrived;
  }
}

}  // namespace healthd
