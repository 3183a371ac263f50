#include <catch2/catch_test_macros.hpp>

#include "tests/unit/probes/beat_scene.hpp"

using namespace healthd;
using namespace healthd::test;

namespace {

bool says(const ProbeResult& result, std::string_view words) {
  return find_check(result, "tick")->detail.find(words) != std::string::npos;
}

std::string seen_by(const ProbeResult& result) {
  for (const auto& [name, value] : result.evidence)
    if (name == "seen by") return value;
  return "";
}

}  // namespace

// --- it sends, or does not ---------------------------------------------------------------------------------

TEST_CASE("before the first tick the probe waits, and with it Beat is alive") {
  BeatScene scene;
  auto result = scene.run();
  CHECK(tick(result) == "unknown/none");
  CHECK(result.waiting);
  CHECK(beat_state(result) == "unknown");
  result = scene.runs(60s);
  CHECK(tick(result) == "up/none");
  CHECK_FALSE(result.waiting);
  CHECK(beat_state(result) == "alive");
  const auto last = sample_value(result, "healthd_beat_last_tick_timestamp_seconds");
  REQUIRE(last);
  CHECK(scene.now.unix_seconds(scene.now.steady) - *last < 60);
}

TEST_CASE("a Beat that was killed is dead three periods after its last tick, for its connection is gone") {
  BeatScene scene;
  scene.runs(10min);
  scene.kill();
  auto result = scene.runs(135s);
  CHECK(tick(result) == "up/none");
  result = scene.runs(60s);
  CHECK(result.status == Status::down);
  CHECK(tick(result) == "down/stale");
  CHECK(beat_state(result) == "dead");
  CHECK(says(result, "Beat is gone"));
  CHECK(seen_by(result) == "the workers' counters, its connection");
}

TEST_CASE("a Beat that was stopped hangs, for its connection stands") {
  BeatScene scene;
  scene.runs(10min);
  scene.freeze();
  auto result = scene.runs(4min);
  CHECK(tick(result) == "down/stale");
  CHECK(beat_state(result) == "hung");
  CHECK(says(result, "Beat hangs"));
  result = scene.runs(1h);
  CHECK(beat_state(result) == "hung");
  scene.beats.front().runs = true;
  result = scene.runs(75s);
  CHECK(tick(result) == "up/none");
  CHECK(beat_state(result) == "alive");
}

TEST_CASE("where the connection was never learned, a silent Beat is silent") {
  BeatScene scene;
  scene.peers_visible = false;
  scene.runs(10min);
  scene.kill();
  const auto result = scene.runs(4min);
  CHECK(tick(result) == "down/stale");
  CHECK(beat_state(result) == "silent");
  CHECK(says(result, "Beat sends nothing"));
}

TEST_CASE("where the task was never seen, the probe cannot tell and says what to configure") {
  BeatScene scene;
  scene.knows_task = false;
  const auto result = scene.runs(10min);
  CHECK(result.status == Status::unknown);
  CHECK(tick(result) == "unknown/stale");
  CHECK(says(result, "no worker has ever run reports.scheduler"));
  CHECK(says(result, "`every`"));
  CHECK_FALSE(result.waiting);
  CHECK(beat_state(result) == "unknown");
}

// --- it is somebody else's fault ---------------------------------------------------------------------------

TEST_CASE("where messages pile up the workers are stalled, and Beat is not blamed") {
  BeatScene scene;
  scene.runs(10min);
  scene.workers_run = false;
  const auto result = scene.runs(5min);
  CHECK(tick(result) == "unknown/not_consuming");
  CHECK(beat_state(result) == "stalled");
  CHECK(says(result, "the workers are stalled"));
}

TEST_CASE("where no worker answers no tick can be seen, and no old one is told as if it were the last") {
  BeatScene scene;
  scene.runs(10min);
  scene.workers_answer = false;
  const auto result = scene.runs(10min);
  CHECK(tick(result) == "unknown/no_reply");
  CHECK(beat_state(result) == "unknown");
  CHECK_FALSE(sample_value(result, "healthd_beat_last_tick_timestamp_seconds"));
}

TEST_CASE("while the broker fails nothing is said of Beat, and after it Beat has time to tick again") {
  BeatScene scene;
  scene.runs(10min);
  scene.broker = {Reason::connect_refused, "refused"};
  scene.freeze();
  auto result = scene.runs(10min);
  CHECK(tick(result) == "unknown/connect_refused");
  CHECK(beat_state(result) == "unknown");
  scene.broker = {};
  scene.heard_since = scene.now.steady;
  result = scene.runs(3min);
  CHECK(tick(result) == "unknown/none");
  CHECK(result.waiting);
  scene.beats.front().runs = true;
  CHECK(tick(scene.runs(75s)) == "up/none");
}

TEST_CASE("where the queue is not told, silence is nobody's proven fault") {
  BeatScene scene;
  scene.runs(10min);
  scene.queue = {Reason::permission, "NOPERM"};
  scene.kill();
  CHECK(tick(scene.runs(4min)) == "unknown/permission");
}

// --- events tell of it -------------------------------------------------------------------------------------

TEST_CASE("a Beat that tells of its sends is seen although the workers are frozen") {
  BeatScene scene;
  scene.tells_of_sends = true;
  scene.runs(10min);
  scene.workers_answer = scene.workers_run = false;
  auto result = scene.runs(30min);
  CHECK(tick(result) == "up/none");
  CHECK(beat_state(result) == "stalled");
  CHECK(seen_by(result).find("task-sent events") != std::string::npos);
  CHECK(sample_value(result, "healthd_beat_last_tick_timestamp_seconds"));
  scene.kill();
  result = scene.runs(4min);
  CHECK(tick(result) == "down/stale");
}

TEST_CASE("a Beat that tells of its sends is up although workers answer and run nothing") {
  BeatScene scene;
  scene.tells_of_sends = true;
  scene.runs(10min);
  scene.workers_run = false;
  const auto result = scene.runs(10min);
  CHECK(tick(result) == "up/none");
  CHECK(beat_state(result) == "stalled");
}

TEST_CASE("a Beat that is killed while its tasks pile up is down, for its events have stopped") {
  BeatScene scene;
  scene.tells_of_sends = true;
  scene.runs(10min);
  scene.workers_run = false;
  scene.runs(10min);
  scene.kill();
  const auto result = scene.runs(4min);
  CHECK(tick(result) == "down/stale");
  CHECK(beat_state(result) == "dead");
}

TEST_CASE("where our ear was away, missing events are no silence") {
  BeatScene scene;
  scene.tells_of_sends = true;
  scene.asks = false;
  scene.runs(10min);
  scene.tells_of_sends = false;
  scene.heard_since.reset();
  CHECK(tick(scene.runs(10min)).starts_with("unknown"));
  scene.heard_since = scene.now.steady;
  CHECK(tick(scene.runs(3min)).starts_with("unknown"));
  CHECK(tick(scene.runs(30s)) == "down/stale");
}

// --- passive -----------------------------------------------------------------------------------------------

TEST_CASE("a passive probe sees Beat by its events alone") {
  BeatScene scene{{SceneBeat{.phase = 50s}}};
  scene.asks = false;
  scene.tells_of_sends = true;
  auto result = scene.run();
  CHECK(tick(result) == "unknown/none");
  CHECK(result.waiting);
  result = scene.runs(10min);
  CHECK(tick(result) == "up/none");
  CHECK(beat_state(result) == "alive");
  CHECK(seen_by(result).starts_with("task-sent events"));
  scene.kill();
  CHECK(tick(scene.runs(4min)) == "down/stale");
}

TEST_CASE("a passive probe that hears Beat's events tells a dead one from one that hangs") {
  for (const bool dead : {true, false}) {
    BeatScene scene;
    scene.asks = false;
    scene.tells_of_sends = true;
    scene.runs(10min);
    if (dead) {
      scene.kill();
    } else {
      scene.freeze();
    }
    CHECK(beat_state(scene.runs(4min)) == (dead ? "dead" : "hung"));
  }
}

TEST_CASE("a passive probe whose ear was away does not ask for a setting that is there") {
  BeatScene scene;
  scene.asks = false;
  scene.tells_of_sends = true;
  scene.runs(10min);
  scene.kill();
  scene.runs(2min);
  scene.heard_since = scene.now.steady;
  const auto result = scene.runs(2min);
  CHECK(result.status == Status::unknown);
  CHECK_FALSE(says(result, "set task_send_sent_event"));
}

TEST_CASE("a passive probe without events says which setting it needs") {
  BeatScene scene;
  scene.asks = false;
  auto result = scene.runs(2min);
  CHECK(tick(result) == "unknown/none");
  CHECK(result.waiting);
  result = scene.runs(2min);
  CHECK(tick(result) == "unknown/stale");
  CHECK_FALSE(result.waiting);
  CHECK(says(result, "task_send_sent_event"));
}
