#include "probes/with_deadline.hpp"

#include <catch2/catch_test_macros.hpp>

#include "probes/net/resolve.hpp"
#include "probes/net/tls.hpp"
#include "probes/run_probe.hpp"
#include "tests/support/run.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

asio::awaitable<int> after(std::chrono::milliseconds wait, int value) {
  asio::steady_timer timer{co_await asio::this_coro::executor, wait};
  co_await timer.async_wait(asio::use_awaitable);
  co_return value;
}

asio::awaitable<int> fails_at_once() {
  throw std::runtime_error{"refused"};
  co_return 0;
}

class BadProbe final : public Probe {
 public:
  explicit BadProbe(bool throws) : throws_{throws} {}
  asio::awaitable<ProbeResult> run(Tools&, Trace& trace, Deadline) override {
    if (throws_) throw std::runtime_error{"a bug"};
    trace.enter(Phase::first_byte);
    co_await after(10s, 0);
    co_return ProbeResult{};
  }
  std::string target() const override { return "nowhere"; }

 private:
  bool throws_;
};

Outcome outcome_of(BadProbe probe) {
  asio::io_context loop{1};
  Resolver resolver{loop.get_executor()};
  Tools tools{resolver, loop.get_executor()};
  return test::run(loop, run_probe(probe, "bad", 100ms, tools));
}

}  // namespace

TEST_CASE("what ends in time gives its value, what does not is cancelled at the deadline") {
  CHECK(test::run(with_deadline(after(1ms, 7), Deadline::in(5s))) == 7);
  const auto started = Deadline::Clock::now();
  CHECK_FALSE(test::run(with_deadline(after(10s, 7), Deadline::in(50ms))).has_value());
  CHECK(Deadline::Clock::now() - started < 2s);
}

TEST_CASE("an error is reported at once, not at the deadline, and not as a timeout") {
  const auto started = Deadline::Clock::now();
  CHECK_THROWS_AS(test::run(with_deadline(fails_at_once(), Deadline::in(10s))), std::runtime_error);
  CHECK(Deadline::Clock::now() - started < 2s);
}

TEST_CASE("a probe that throws is a bug of ours: unknown, internal") {
  const auto outcome = outcome_of(BadProbe{true});
  CHECK(outcome.result.status == Status::unknown);
  CHECK(outcome.result.reason == Reason::internal);
  CHECK(outcome.result.detail.find("a bug") != std::string::npos);
}

TEST_CASE("a probe that forgets its deadline is ended shortly after it, and the phase is known") {
  const auto outcome = outcome_of(BadProbe{false});
  CHECK(outcome.result.status == Status::down);
  CHECK(outcome.result.reason == Reason::timeout);
  CHECK(outcome.result.timed_out_in == Phase::first_byte);
  CHECK(outcome.took < 2s);
}

}  // namespace healthd
