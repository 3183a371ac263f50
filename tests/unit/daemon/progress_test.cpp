#include "daemon/progress.hpp"

#include <catch2/catch_test_macros.hpp>

#include "daemon/schedule.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

const std::chrono::steady_clock::time_point start{1h};

}  // namespace

TEST_CASE("a probe that gives no sign for three intervals and its timeout is stuck") {
  CHECK_FALSE(is_stuck(60s, 5s, start, start + 185s));
  CHECK(is_stuck(60s, 5s, start, start + 185s + 1ms));
}

TEST_CASE("a probe is never stuck within a minute, however often it runs") {
  CHECK_FALSE(is_stuck(100ms, 10ms, start, start + 60s));
  CHECK(is_stuck(100ms, 10ms, start, start + 60s + 1ms));
}

TEST_CASE("a probe that does all that a schedule allows is not stuck") {
  for (const Duration interval : {Duration{100ms}, Duration{15s}, Duration{60s}, Duration{1h}}) {
    const Schedule schedule{start, "stack/probe", interval, interval};
    CHECK_FALSE(is_stuck(interval, interval, start, schedule.first()));
    // The longest way from the start of one run to the start of the next: it takes its whole timeout, the
    // second that run_probe() adds, and the target asks for a rest.
    const auto began = schedule.first();
    const auto ended = began + interval + 1s;
    const auto next = schedule.after_rest(began, ended, 2 * interval);
    CHECK_FALSE(is_stuck(interval, interval, began, ended));
    CHECK_FALSE(is_stuck(interval, interval, ended, next.at));
  }
}

}  // namespace healthd
