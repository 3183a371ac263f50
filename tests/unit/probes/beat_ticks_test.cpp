#include <catch2/catch_test_macros.hpp>

#include "probes/beat_ticks.hpp"

using namespace healthd;
using namespace std::chrono_literals;
using State = BeatTicks::State;

namespace {

constexpr BeatTicks::Time start{1000s};
BeatTicks::Time at(BeatTicks::Span since) { return start + since; }

WorkerStats worker(const std::string& node, long long pid, long long started) {
  return {node, pid, started, true};
}
WorkerStats idle_worker(const std::string& node, long long pid) { return {node, pid, 0, false}; }

/// Every 60 s, looked at each 15 s.
BeatTicks minute() { return BeatTicks{60s, 15s}; }

}  // namespace

TEST_CASE("a count that rises is a tick, the first sight of it is none") {
  auto ticks = minute();
  CHECK(ticks.observe(at(0s), {worker("a", 1, 50)}) == State::waiting);
  CHECK_FALSE(ticks.last_tick());
  CHECK(ticks.observe(at(15s), {worker("a", 1, 50)}) == State::waiting);
  CHECK(ticks.observe(at(30s), {worker("a", 1, 51)}) == State::ticking);
  CHECK(ticks.last_tick() == at(30s));
}

TEST_CASE("three periods without a tick are silence, and the next tick ends it") {
  auto ticks = minute();
  ticks.observe(at(0s), {worker("a", 1, 1)});
  ticks.observe(at(15s), {worker("a", 1, 2)});
  State state = State::ticking;
  for (auto now = 30s; now <= 195s; now += 15s) state = ticks.observe(at(now), {worker("a", 1, 2)});
  CHECK(state == State::ticking);
  CHECK(ticks.observe(at(210s), {worker("a", 1, 2)}) == State::silent);
  CHECK(ticks.observe(at(225s), {worker("a", 1, 3)}) == State::ticking);
}

TEST_CASE("a Beat that never sent is silent three periods after we began to look") {
  auto ticks = minute();
  State state = State::ticking;
  for (auto now = 0s; now <= 180s; now += 15s) state = ticks.observe(at(now), {idle_worker("a", 1)});
  CHECK(state == State::waiting);
  CHECK(ticks.observe(at(195s), {idle_worker("a", 1)}) == State::silent);
  CHECK_FALSE(ticks.task_seen());
}

TEST_CASE("a restarted or new worker is a new starting point, whatever its count") {
  auto ticks = minute();
  ticks.observe(at(0s), {worker("a", 1, 5)});
  ticks.observe(at(15s), {worker("a", 2, 9)});
  ticks.observe(at(30s), {worker("a", 2, 9), worker("b", 1, 100)});
  CHECK_FALSE(ticks.last_tick());
  ticks.observe(at(45s), {worker("a", 2, 9), worker("b", 1, 101)});
  CHECK(ticks.last_tick() == at(45s));
}

TEST_CASE("the first run of the task on a worker that knew nothing of it is a tick") {
  auto ticks = minute();
  ticks.observe(at(0s), {idle_worker("a", 1)});
  CHECK(ticks.observe(at(15s), {worker("a", 1, 1)}) == State::ticking);
}

TEST_CASE("a worker that misses a round is ignored, and its count still holds when it is back") {
  auto ticks = minute();
  ticks.observe(at(0s), {worker("a", 1, 5), worker("b", 1, 5)});
  ticks.observe(at(15s), {worker("b", 1, 5)});
  ticks.observe(at(30s), {worker("a", 1, 5), worker("b", 1, 5)});
  CHECK_FALSE(ticks.last_tick());
  ticks.observe(at(45s), {worker("b", 1, 5)});
  ticks.observe(at(60s), {worker("a", 1, 6), worker("b", 1, 5)});
  CHECK(ticks.last_tick() == at(60s));
}

TEST_CASE("while no worker answers nothing is said, and afterwards the wait begins anew") {
  auto ticks = minute();
  ticks.observe(at(0s), {worker("a", 1, 1)});
  ticks.observe(at(15s), {worker("a", 1, 2)});
  CHECK(ticks.observe(at(30s), {}) == State::blind);
  CHECK(ticks.observe(at(600s), {}) == State::blind);
  CHECK(ticks.observe(at(615s), {worker("a", 1, 2)}) == State::waiting);
  CHECK(ticks.observe(at(675s), {worker("a", 1, 2)}) == State::waiting);
  CHECK(ticks.observe(at(735s), {worker("a", 1, 2)}) == State::waiting);
  CHECK(ticks.observe(at(795s), {worker("a", 1, 2)}) == State::waiting);
  CHECK(ticks.observe(at(850s), {worker("a", 1, 2)}) == State::silent);
}

TEST_CASE("one missed round does not begin the wait anew") {
  auto ticks = minute();
  for (auto now = 0s; now <= 180s; now += 30s) ticks.observe(at(now), {worker("a", 1, 1)});
  CHECK(ticks.observe(at(195s), {}) == State::blind);
  CHECK(ticks.observe(at(210s), {worker("a", 1, 1)}) == State::silent);
}

TEST_CASE("a Beat is not blamed for ticks that passed while workers were away or began anew") {
  auto ticks = minute();
  ticks.observe(at(0s), {worker("a", 1, 1)});
  ticks.observe(at(15s), {worker("a", 1, 2)});
  // A broker that restarts every minute, after which the worker comes back deaf and is restarted: each time
  // the tick falls into the 45 seconds in which nobody answers, and the new process has run it before we ask.
  long long pid = 1;
  for (auto now = 30s; now <= 270s; now += 60s) {
    ticks.observe(at(now), {worker("a", pid, 2)});
    CHECK(ticks.observe(at(now + 45s), {worker("a", ++pid, 2)}) != State::silent);
  }
  CHECK(ticks.observe(at(330s), {worker("a", pid, 3)}) == State::ticking);
}

TEST_CASE("a Beat that is gone is told, later, also where workers begin anew in every round") {
  auto ticks = minute();
  State state = State::blind;
  for (auto pid = 0; pid <= 24; ++pid) state = ticks.observe(at(pid * 15s), {worker("a", pid, 0)});
  CHECK(state == State::waiting);
  CHECK(ticks.observe(at(375s), {worker("a", 25, 0)}) == State::silent);
}

TEST_CASE("an interval longer than the period is no gap") {
  BeatTicks ticks{2s, 15s};
  ticks.observe(at(0s), {worker("a", 1, 1)});
  CHECK(ticks.observe(at(15s), {worker("a", 1, 8)}) == State::ticking);
  CHECK(ticks.observe(at(30s), {worker("a", 1, 15)}) == State::ticking);
  CHECK(ticks.observe(at(45s), {worker("a", 1, 15)}) == State::silent);
}

TEST_CASE(
    "a silence is the workers' fault only where messages wait, or more are unacked than at the last tick") {
  auto ticks = minute();
  const auto look = [&](BeatTicks::Span since, long long started, std::optional<Backlog> backlog) {
    return ticks.observe(at(since), {worker("a", 1, started)}, backlog);
  };
  // Seven tasks for later are unacked for as long as they wait.
  look(0s, 1, Backlog{0, 2});
  look(15s, 2, Backlog{3, 7});
  for (auto now = 30s; now <= 195s; now += 15s) CHECK(look(now, 2, Backlog{0, 9}) == State::ticking);
  CHECK(look(210s, 2, Backlog{0, 7}) == State::silent);
  CHECK(look(225s, 2, Backlog{0, 4}) == State::silent);
  CHECK(look(240s, 2, Backlog{0, 8}) == State::stalled);
  CHECK(look(255s, 2, Backlog{1, 7}) == State::stalled);
  CHECK(look(270s, 2, std::nullopt) == State::silent);
  // The next tick is the new measure.
  CHECK(look(285s, 3, Backlog{0, 12}) == State::ticking);
  for (auto now = 300s; now <= 465s; now += 15s) look(now, 3, Backlog{0, 12});
  CHECK(look(480s, 3, Backlog{0, 12}) == State::silent);
}

TEST_CASE("before the first tick, unacked messages are measured against the beginning of the observation") {
  auto ticks = minute();
  const auto look = [&](BeatTicks::Span since, std::optional<Backlog> backlog) {
    return ticks.observe(at(since), {worker("a", 1, 1)}, backlog);
  };
  look(0s, std::nullopt);  // the queue could not be read
  for (auto now = 15s; now <= 180s; now += 15s) CHECK(look(now, Backlog{0, 5}) == State::waiting);
  CHECK(look(195s, Backlog{0, 5}) == State::silent);
  CHECK(look(210s, Backlog{0, 6}) == State::stalled);
  // Nobody answered for long: what came meanwhile belongs to the new beginning.
  CHECK(look(600s, Backlog{0, 9}) == State::waiting);
  for (auto now = 615s; now <= 780s; now += 15s) look(now, Backlog{0, 9});
  CHECK(look(795s, Backlog{0, 9}) == State::silent);
}
