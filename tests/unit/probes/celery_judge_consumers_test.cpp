// Whether what waits is taken: workers that take nothing, queues without a consumer, tasks that are held
// back.
#include "tests/unit/probes/celery_scene.hpp"

using namespace healthd;
using namespace healthd::test;

namespace {

RedisPeer popping(long long idle, int database = 0) {
  return {7, "10.0.0.1", "", "brpop", idle, database, idle == 0};
}

std::optional<double> without_consumer(const ProbeResult& result, const std::string& queue) {
  return sample_value(result, "healthd_celery_queue_without_consumer", queue);
}

}  // namespace

// --- workers that take nothing -----------------------------------------------------------------------------

TEST_CASE("a catatonic worker degrades the probe, is named, and is to be restarted") {
  Scene scene;
  scene.runs(4);
  scene.deafen("w1");
  auto result = scene.run();
  CHECK(worker_state(result, "w1") == "unknown");
  CHECK(result.status == Status::up);
  result = scene.runs(2);
  CHECK(worker_state(result, "w1") == "catatonic");
  CHECK(result.status == Status::degraded);
  CHECK(check(result, "replies") == "up/none");
  CHECK(check(result, "consumers") == "down/not_consuming");
  CHECK(says(result, "consumers", "w1: heartbeats only"));
  scene["w1"] = SceneWorker{.pid = 2};
  result = scene.runs(2);
  CHECK(check(result, "consumers") == "up/none");
  CHECK(worker_state(result, "w1") == "healthy");
}

TEST_CASE("a hung worker degrades the probe and is named, a dead or stopped one does not") {
  Scene scene{{"w1", "w2", "w3"}};
  scene.runs(4);
  scene.freeze("w1");
  scene.kill("w2");
  const auto result = scene.runs(3);
  CHECK(check(result, "consumers") == "down/no_reply");
  CHECK(says(result, "consumers", "w1: connected"));
  CHECK(worker_state(result, "w2") == "dead");
  scene.kill("w1");
  CHECK(scene.run().status == Status::up);
}

TEST_CASE("a worker that was told to consume nothing is noticed in the second inspection, one run later") {
  Scene scene;
  scene.runs(2);
  scene["w1"].queues = {};
  auto result = scene.runs(4);
  CHECK(check(result, "consumers") == "up/none");
  result = scene.runs(2);
  CHECK(worker_state(result, "w1") == "detached");
  CHECK(check(result, "consumers") == "down/not_consuming");
  CHECK(says(result, "consumers", "w1: answers, but consumes no queue"));
}

// --- queues without a consumer -----------------------------------------------------------------------------

TEST_CASE("a queue where messages wait and that nobody consumes needs two inspections, a run apart") {
  Scene scene{{"w1", "w2"}, celery_options({"celery", "reports"})};
  scene.runs(2);
  scene.lengths["reports"] = 5;
  while (!scene.judge.wants_inspection(scene.now.steady + 15s)) scene.run();
  auto result = scene.run();
  CHECK(without_consumer(result, "reports") == 0);
  CHECK(check(result, "consumers") == "up/none");
  CHECK(scene.judge.wants_inspection(scene.now.steady + 1s));
  result = scene.run(1s);
  CHECK(without_consumer(result, "reports") == 1);
  CHECK(without_consumer(result, "celery") == 0);
  CHECK(check(result, "consumers") == "down/not_consuming");
  CHECK(says(result, "consumers", "no worker consumes the queue reports"));
  CHECK_FALSE(scene.judge.wants_inspection(scene.now.steady + 15s));
  CHECK(sample_value(result, "healthd_celery_consumers", "reports") == 0);
  CHECK(sample_value(result, "healthd_celery_consumers", "celery") == 2);
}

TEST_CASE("a queue gets its consumer back with the next inspection, and is quiet as soon as it is empty") {
  Scene scene{{"w1"}, celery_options({"celery", "reports"})};
  scene.lengths["reports"] = 5;
  REQUIRE(without_consumer(scene.runs(3), "reports") == 1);
  SECTION("a worker takes it up") {
    scene["w1"].queues = {"celery", "reports"};
    const auto result = scene.runs(5);
    CHECK(without_consumer(result, "reports") == 0);
    CHECK(check(result, "consumers") == "up/none");
  }
  SECTION("it is emptied") {
    scene.lengths["reports"] = 0;
    const auto result = scene.run();
    CHECK(without_consumer(result, "reports") == 0);
    CHECK(check(result, "consumers") == "up/none");
  }
}

TEST_CASE("two inspections that are not in a row do not accuse a queue") {
  Scene scene{{"w1"}, celery_options({"celery", "reports"})};
  scene.lengths["reports"] = 1;
  scene.run();
  scene.lengths["reports"] = 0;
  scene.run();
  scene.lengths["reports"] = 1;
  scene.inspections = 0;
  auto result = scene.run();
  while (scene.inspections == 0) result = scene.run();
  CHECK(without_consumer(result, "reports") == 0);
}

TEST_CASE("where nobody answers, or one has not said what it takes, no queue is called without a consumer") {
  Scene scene{{"w1"}, celery_options({"reports"})};
  scene.lengths["reports"] = 5;
  scene.deafen("w1");
  for (auto run = 0; run < 10; ++run) CHECK(without_consumer(scene.run(), "reports").value_or(0) == 0);
}

TEST_CASE("an empty queue without a consumer is nobody's trouble") {
  Scene scene{{"w1"}, celery_options({"celery", "reports"})};
  const auto result = scene.runs(10);
  CHECK(without_consumer(result, "reports") == 0);
  CHECK(result.status == Status::up);
  CHECK(scene.inspections == 3);
}

// --- nobody pops -------------------------------------------------------------------------------------------

TEST_CASE("messages that nobody asks for in two runs, although pools have room, degrade the probe") {
  Scene scene;
  scene.runs(2);
  scene.lengths["celery"] = 3;
  scene.peers = {popping(4), popping(100)};
  CHECK(check(scene.run(), "consumers") == "up/none");
  auto result = scene.run();
  CHECK(check(result, "consumers") == "down/not_consuming");
  CHECK(says(result, "consumers", "no connection takes any"));
  scene.peers->front() = popping(2);
  result = scene.run();
  CHECK(check(result, "consumers") == "up/none");
  scene.peers->front() = popping(4);
  CHECK(check(scene.run(), "consumers") == "up/none");
}

TEST_CASE("nobody has to ask for messages where none wait, or where pools are full") {
  Scene scene;
  scene.peers = {popping(100)};
  CHECK(check(scene.runs(5), "consumers") == "up/none");
  for (auto& [name, worker] : scene.workers) worker.active = {"a", "b", "c", "d"};
  scene.lengths["celery"] = 3;
  const auto result = scene.runs(5);
  CHECK(worker_state(result, "w1") == "saturated");
  CHECK(check(result, "consumers") == "up/none");
}

TEST_CASE("another application that pops in another database does not hide that nobody pops in ours") {
  Scene scene;
  scene.runs(2);
  scene.lengths["celery"] = 3;
  scene.peers = {popping(100), popping(0, 3)};
  const auto result = scene.runs(2);
  CHECK(check(result, "consumers") == "down/not_consuming");
  CHECK(sample_value(result, "healthd_celery_consumer_connections", "blocked") == 0);
  CHECK(sample_value(result, "healthd_celery_consumer_connections", "idle") == 1);
}

TEST_CASE("runs in which the connections were not looked at do not hide that nobody pops") {
  Scene scene;
  scene.runs(2);
  scene.lengths["celery"] = 3;
  scene.peers = {popping(100)};
  scene.run(5s);
  // With many clients CLIENT LIST is asked for every 15 s only.
  scene.peers_visible = false;
  scene.run(5s);
  scene.run(5s);
  scene.peers_visible = true;
  CHECK(check(scene.run(5s), "consumers") == "down/not_consuming");
}

// --- a process of a pool that hangs ------------------------------------------------------------------------

TEST_CASE("a task that is held back in inspections two intervals apart, with room in the pool, is told") {
  Scene scene;
  scene.run();
  scene["w1"].active = {"a"};
  scene["w1"].reserved = {"held"};
  auto result = scene.run();
  auto first_seen = scene.now.steady;
  while (scene.inspections == 1) {
    result = scene.run();
    first_seen = scene.now.steady;
  }
  while (find_check(result, "pool") == nullptr) {
    REQUIRE(scene.now.steady - first_seen <= 150s);
    CHECK(sample_value(result, "healthd_celery_worker_stuck_tasks", "w1") == 0);
    result = scene.run();
  }
  CHECK(scene.now.steady - first_seen >= 120s);
  CHECK(result.status == Status::degraded);
  CHECK(check(result, "pool") == "down/not_consuming");
  CHECK(says(result, "pool", "w1 holds back 1 tasks"));
  CHECK(sample_value(result, "healthd_celery_worker_stuck_tasks", "w1") == 1);
  CHECK(sample_value(result, "healthd_celery_worker_stuck_tasks", "w2") == 0);
}

TEST_CASE("a task that began before the last of these inspections is never called stuck") {
  Scene scene;
  scene.run();
  scene["w1"].reserved = {"slow"};
  while (scene.inspections < 3) scene.run();
  scene["w1"].reserved = {};
  scene["w1"].active = {"slow"};
  for (auto run = 0; run < 10; ++run)
    CHECK(sample_value(scene.run(), "healthd_celery_worker_stuck_tasks", "w1") == 0);
}

TEST_CASE("a full pool holds back tasks for as long as it likes") {
  Scene scene;
  for (auto& [name, worker] : scene.workers) {
    worker.active = {"a", "b", "c", "d"};
    worker.reserved = {"next"};
  }
  for (auto run = 0; run < 30; ++run) CHECK(find_check(scene.run(), "pool") == nullptr);
}
