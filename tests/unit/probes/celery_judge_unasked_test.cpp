// Workers that answer nothing and are well, or may not be asked at all.
#include "tests/unit/probes/celery_scene.hpp"

using namespace healthd;
using namespace healthd::test;

namespace {

RedisPeer popping(long long idle) { return {7, "10.0.0.1", "", "brpop", idle, 0, idle == 0}; }

/// One solo worker, of which we know that, and which runs a task since then.
void begin_task(Scene& scene) {
  scene["w1"].solo = true;
  scene.runs(4);
  scene.freeze("w1");
  scene.peers = {popping(12), {8, "10.0.0.1", "", "exec", 12, 0, false}};
}

CeleryOptions passive_options() {
  auto options = celery_options();
  options.passive = true;
  return options;
}

}  // namespace

// --- solo workers ------------------------------------------------------------------------------------------

TEST_CASE("where the only worker is solo and runs a task, nobody is missing") {
  Scene scene{{"w1"}};
  begin_task(scene);
  for (auto run = 0; run < 10; ++run) {
    const auto result = scene.run();
    CHECK(check(result, "replies") == "degraded/busy");
    CHECK(worker_state(result, "w1") == "busy_solo");
    CHECK(result.status == Status::degraded);
  }
}

TEST_CASE("where one solo worker is busy and another one hangs, nobody answers") {
  Scene scene{{"w1", "w2"}};
  begin_task(scene);
  scene.freeze("w2");
  const auto result = scene.runs(3);
  CHECK(check(result, "replies") == "down/no_reply");
}

TEST_CASE("a solo worker that runs a task is none of the missing ones") {
  auto options = celery_options();
  options.expected_workers = 1;
  Scene scene{{"w1"}, options};
  begin_task(scene);
  const auto result = scene.runs(3);
  REQUIRE(worker_state(result, "w1") == "busy_solo");
  CHECK(check(result, "workers") != "down/no_reply");
}

// --- remote control is off ---------------------------------------------------------------------------------

TEST_CASE("where remote control is off, workers that consume are neither missing nor accused") {
  auto options = celery_options();
  options.expected_workers = 2;
  Scene scene{{"w1", "w2"}, options};
  for (const auto* name : {"w1", "w2"}) scene.deafen(name);
  scene.peers = {popping(0), popping(0)};
  const auto result = scene.runs(10);
  CHECK(check(result, "replies") == "up/none");
  CHECK(worker_state(result, "w1") == "healthy");
  CHECK(check(result, "consumers") == "up/none");
  CHECK(check(result, "workers") == "up/none");
}

// --- passive -----------------------------------------------------------------------------------------------

TEST_CASE("a passive probe is up while heartbeats come, and down when none does any more") {
  Scene scene{{"w1", "w2"}, passive_options()};
  auto result = scene.runs(3);
  CHECK(result.status == Status::up);
  CHECK(result.detail.find("passive") != std::string::npos);
  CHECK(worker_state(result, "w1") == "healthy");
  CHECK(sample_value(result, "healthd_celery_workers_online") == 2);
  CHECK_FALSE(sample_value(result, "healthd_celery_worker_receivers"));
  scene.freeze("w1");
  result = scene.runs(2);
  CHECK(result.status == Status::up);
  CHECK(worker_state(result, "w1") == "dead");
  scene.freeze("w2");
  result = scene.runs(2);
  CHECK(check(result, "replies") == "down/no_reply");
}

TEST_CASE("a passive probe that never heard a heartbeat cannot tell") {
  Scene scene{std::vector<std::string>{}, passive_options()};
  const auto result = scene.runs(10);
  CHECK(result.status == Status::unknown);
  CHECK(check(result, "replies") == "unknown/no_reply");
}

TEST_CASE("a passive probe is told the broker's failure like any other") {
  Scene scene{{"w1"}, passive_options()};
  scene.runs(3);
  scene.broker = {Reason::auth, "WRONGPASS"};
  CHECK(check(scene.run(), "replies") == "unknown/auth");
}

TEST_CASE("a passive probe does not know of full pools, so it says nothing while tasks run") {
  Scene scene{{"w1"}, passive_options()};
  scene.runs(2);
  scene.lengths["celery"] = 3;
  scene.peers = {popping(100)};
  SECTION("none runs") { CHECK(check(scene.runs(3), "consumers") == "down/not_consuming"); }
  SECTION("four run") {
    scene["w1"].active = {"a", "b", "c", "d"};
    CHECK(check(scene.runs(3), "consumers") == "up/none");
  }
}
