// How many Beats send, as the beat probe tells it.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/probes/beat_scene.hpp"

using namespace healthd;
using namespace healthd::test;

namespace {

std::string schedulers_check(const ProbeResult& result) {
  const auto* found = find_check(result, "schedulers");
  return found == nullptr ? "" : std::string{to_string(found->status)};
}

std::optional<double> schedulers(const ProbeResult& result) {
  return sample_value(result, "healthd_beat_schedulers");
}

std::vector<SceneBeat> two() {
  return {SceneBeat{}, SceneBeat{.phase = 30s, .sender = "gen2@other", .connection = 51}};
}

}  // namespace

TEST_CASE("one Beat is one") {
  BeatScene scene;
  auto result = scene.runs(10min);
  CHECK(schedulers(result) == 1);
  CHECK(schedulers_check(result) == "up");
  SECTION("and none while nobody can tell") {
    scene.broker = {Reason::timeout, "late"};
    CHECK_FALSE(schedulers(scene.run()));
  }
  SECTION("and none once it is dead") {
    scene.kill();
    CHECK_FALSE(schedulers(scene.runs(10min)));
  }
}

TEST_CASE("two Beats are told by twice the rate, and degrade the probe") {
  BeatScene scene{two()};
  auto result = scene.runs(3min);
  CHECK_FALSE(schedulers(result));
  result = scene.runs(5min);
  CHECK(schedulers(result) == 2);
  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::duplicate);
  CHECK(schedulers_check(result) == "down");
  CHECK(tick(result) == "up/none");
  scene.kill(1);
  result = scene.runs(6min);
  CHECK(schedulers(result) == 1);
  CHECK(result.status == Status::up);
}

TEST_CASE("two Beats are told by their names long before the rate tells") {
  BeatScene scene{two()};
  scene.tells_of_sends = true;
  const auto result = scene.runs(150s);
  CHECK(schedulers(result) == 2);
  CHECK(schedulers_check(result) == "down");
}

TEST_CASE("names are believed before a rate that a second schedule entry doubles") {
  auto same = two();
  same[1].sender = same[0].sender;
  BeatScene scene{same};
  scene.tells_of_sends = true;
  const auto result = scene.runs(10min);
  CHECK(schedulers(result) == 1);
  CHECK(result.status == Status::up);
}

TEST_CASE("two Beats are told by their names while the workers are frozen") {
  BeatScene scene{two()};
  scene.tells_of_sends = true;
  scene.workers_answer = scene.workers_run = false;
  const auto result = scene.runs(10min);
  CHECK(schedulers(result) == 2);
}

TEST_CASE("a restarted Beat is one again half a period after its predecessor did not send") {
  BeatScene scene;
  scene.tells_of_sends = true;
  scene.runs(10min);
  scene.kill();
  scene.beats.push_back({.phase = 20s, .sender = "gen9@beat", .connection = 90});
  const auto result = scene.runs(3min);
  CHECK(schedulers(result) == 1);
  CHECK(beat_state(result) == "alive");
}
