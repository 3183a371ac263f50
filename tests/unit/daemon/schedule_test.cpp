#include "daemon/schedule.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>

namespace healthd {
namespace {

using namespace std::chrono_literals;
const Schedule::Time start = Schedule::Time{} + 1h;

}  // namespace

TEST_CASE("slots lie on a grid, however long the runs take") {
  const Schedule schedule{start, "test/edge", 15s, 5s};
  auto slot = Schedule::Slot{schedule.first()};
  for (int i = 1; i <= 100; ++i) {
    slot = schedule.next(slot.at, slot.at + 3s, false);
    CHECK(slot.at == schedule.first() + i * 15s);
    CHECK(slot.skipped == 0);
  }
}

TEST_CASE("a failure is looked at again soon, and the grid stays") {
  const Schedule schedule{start, "test/edge", 15s, 5s};
  const auto again = schedule.next(schedule.first(), schedule.first() + 1s, true);
  CHECK(again.at == schedule.first() + 5s);
  const auto third = schedule.next(again.at, again.at + 1s, true);
  CHECK(third.at == schedule.first() + 10s);
  const auto back = schedule.next(third.at, third.at + 1s, false);
  CHECK(back.at == schedule.first() + 15s);
  CHECK(back.skipped == 0);
}

TEST_CASE("a second look never begins before the run has ended") {
  const Schedule schedule{start, "test/edge", 15s, 5s};
  CHECK(schedule.next(schedule.first(), schedule.first() + 8s, true).at == schedule.first() + 8s);
}

TEST_CASE("a target that asked for a rest is left alone for one slot, whatever it asked for") {
  const Schedule schedule{start, "test/edge", 15s, 5s};
  const auto ended = schedule.first() + 1s;
  CHECK(schedule.after_rest(schedule.first(), ended, 10s).at == schedule.first() + 15s);
  const auto long_rest = schedule.after_rest(schedule.first(), ended, 24h);
  CHECK(long_rest.at == schedule.first() + 30s);
  CHECK(long_rest.skipped == 0);
}

TEST_CASE("after a pause there is one run, not a burst, and the lost slots are counted") {
  const Schedule schedule{start, "test/edge", 15s, 5s};
  const auto slot = schedule.next(schedule.first(), schedule.first() + 10min, false);
  CHECK(slot.at == schedule.first() + 10min + 15s);
  CHECK(slot.skipped == 40);
}

TEST_CASE("the phase is the same after each restart and differs between probes") {
  CHECK(Schedule{start, "test/edge", 15s, 5s}.first() == Schedule{start, "test/edge", 15s, 5s}.first());
  std::set<Schedule::Time> firsts;
  for (int i = 0; i < 50; ++i)
    firsts.insert(Schedule{start, "test/probe" + std::to_string(i), 15s, 5s}.first());
  CHECK(firsts.size() > 45);
  for (const auto first : firsts) CHECK((first >= start && first < start + 10s));
}

}  // namespace healthd
