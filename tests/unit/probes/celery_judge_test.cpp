// Whether anybody answers, and whose fault it is where nobody does.
#include "tests/unit/probes/celery_scene.hpp"

using namespace healthd;
using namespace healthd::test;

namespace {

const std::vector<std::string> nobody;

RedisPeer popping(int database) { return {7, "10.0.0.1", "", "brpop", 0, database, true}; }

}  // namespace

TEST_CASE("workers that answer and consume make the probe up") {
  Scene scene;
  const auto result = scene.runs(3);
  CHECK(result.status == Status::up);
  CHECK(check(result, "replies") == "up/none");
  CHECK(check(result, "queues") == "up/none");
  CHECK(check(result, "consumers") == "up/none");
  CHECK(check(result, "settings") == "up/none");
  CHECK(worker_state(result, "w1") == "healthy");
  CHECK(sample_value(result, "healthd_celery_workers_online") == 2);
  CHECK(sample_value(result, "healthd_celery_worker_receivers") == 2);
}

TEST_CASE("where no worker is left the probe is down at once") {
  Scene scene;
  scene.runs(4);
  scene.kill("w1");
  scene.kill("w2");
  auto result = scene.run();
  CHECK(result.status == Status::down);
  CHECK(check(result, "replies") == "down/no_reply");
  CHECK(says(result, "replies", "no worker listens"));
  result = scene.run();
  CHECK(worker_state(result, "w1") == "dead");
  CHECK(result.status == Status::down);
}

TEST_CASE("where workers listen and none answers, their number is told") {
  Scene scene;
  scene.runs(4);
  scene.freeze("w1");
  scene.freeze("w2");
  const auto result = scene.runs(2);
  CHECK(check(result, "replies") == "down/no_reply");
  CHECK(says(result, "replies", "none of 2 listening workers"));
  CHECK(check(result, "consumers") == "down/no_reply");
}

TEST_CASE("an answer that nobody can read is an answer, and the worker is named by its heartbeat") {
  Scene scene;
  for (const auto* name : {"w1", "w2"}) scene[name].pickles = true;
  const auto result = scene.runs(4);
  CHECK(check(result, "replies") == "up/none");
  CHECK(sample_value(result, "healthd_celery_workers_online") == 2);
  CHECK(worker_state(result, "w1") == "healthy");
}

TEST_CASE("workers whose answers cannot be read are not inspected more often for it") {
  Scene scene;
  for (const auto* name : {"w1", "w2"}) scene[name].pickles = true;
  scene.runs(40);
  CHECK(scene.inspections <= 11);
}

TEST_CASE("fewer workers than expected degrade the probe") {
  auto options = celery_options();
  options.expected_workers = 2;
  Scene scene{{"w1", "w2"}, options};
  CHECK(check(scene.runs(3), "workers") == "up/none");
  scene.kill("w2");
  const auto result = scene.run();
  CHECK(result.status == Status::degraded);
  CHECK(check(result, "workers") == "down/no_reply");
  CHECK(says(result, "workers", "1 of 2"));
  CHECK(sample_value(result, "healthd_celery_workers_expected") == 2);
}

// --- the broker is at fault --------------------------------------------------------------------------------

TEST_CASE("while the broker fails, nothing is said against workers") {
  Scene scene;
  scene.runs(4);
  scene.kill("w1");
  scene.runs(2);
  scene.broker = {Reason::loading, "LOADING"};
  const auto result = scene.run();
  CHECK(result.status == Status::unknown);
  CHECK(check(result, "replies") == "unknown/loading");
  CHECK(check(result, "consumers").empty());
  CHECK(worker_state(result, "w1") == "unknown");
  CHECK(worker_state(result, "w2") == "unknown");
  CHECK_FALSE(sample_value(result, "healthd_celery_workers_online"));
}

TEST_CASE("in the fifteen seconds after the broker's return nobody is blamed for not answering yet") {
  Scene scene;
  scene.runs(4);
  scene.broker = {Reason::connect_refused, "refused"};
  scene.runs(2);
  scene.broker = {};
  for (const auto* name : {"w1", "w2"}) scene.deafen(name);
  auto result = scene.run(5s);
  CHECK(check(result, "replies") == "unknown/no_reply");
  CHECK(result.waiting);
  CHECK(worker_state(result, "w1") == "unknown");
  CHECK(check(result, "consumers").empty());
  result = scene.run(14s);
  CHECK(check(result, "replies") == "unknown/no_reply");
  CHECK(result.waiting);
  result = scene.run(2s);
  CHECK(check(result, "replies") == "down/no_reply");
  CHECK_FALSE(result.waiting);
}

TEST_CASE("none at all is not told as too few: that is another finding, with a patience of its own") {
  auto options = celery_options();
  options.expected_workers = 2;
  Scene scene{{"w1", "w2"}, options};
  scene.runs(4);
  scene.broker = {Reason::connect_refused, "refused"};
  scene.runs(2);
  scene.broker = {};
  for (const auto* name : {"w1", "w2"}) scene.deafen(name);
  for (int i = 0; i < 6; ++i) CHECK(check(scene.run(5s), "workers").empty());
}

TEST_CASE("the same holds where only our ear on the broker was away") {
  Scene scene;
  scene.runs(4);
  for (const auto* name : {"w1", "w2"}) scene.deafen(name);
  scene.listening_since = scene.now.steady + 14s;
  auto result = scene.run();
  CHECK(result.waiting);
  CHECK(check(result, "replies") == "unknown/no_reply");
  result = scene.run(16s);
  CHECK(check(result, "replies") == "down/no_reply");
}

TEST_CASE("an ear of ours that is away again and again does not hide for long that nobody answers") {
  Scene scene;
  scene.runs(4);
  for (const auto* name : {"w1", "w2"}) scene.kill(name);
  int down = 0;
  for (int run = 0; run < 12; ++run) {
    scene.listening_since = scene.now.steady + 14s;
    down += scene.run().status == Status::down ? 1 : 0;
  }
  CHECK(down >= 8);
}

TEST_CASE(
    "an inspection that fails takes nothing away from the answers to ping, and is not tried in every run") {
  Scene scene;
  scene.runs(2);
  CelerySight sight;
  sight.queues.lengths = {0};
  sight.rounds.push_back({"ping", scene.now.steady, 1, {{"t", "w1", "{}"}}});
  sight.inspected = true;
  sight.uninspected = {Reason::too_large, "the reply is too long"};
  const auto result = scene.judge.judge(sight, scene.news, {scene.now.steady}, scene.now);
  CHECK(check(result, "replies") == "up/none");
  CHECK(check(result, "inspection") == "unknown/too_large");
  CHECK_FALSE(scene.judge.wants_inspection(scene.now.steady + 15s));
}

TEST_CASE("workers that are back before the grace is over are healthy at once") {
  Scene scene;
  scene.runs(4);
  scene.broker = {Reason::timeout, "late"};
  scene.run();
  scene.broker = {};
  const auto result = scene.run(2s);
  CHECK(result.status == Status::up);
  CHECK(worker_state(result, "w1") == "healthy");
}

TEST_CASE("where the broker takes no write, workers that send a heartbeat when asked make it degraded") {
  Scene scene;
  scene.runs(4);
  scene.gate = {Reason::oom, "OOM command not allowed"};
  auto result = scene.run();
  CHECK(result.status == Status::degraded);
  CHECK(check(result, "replies") == "degraded/oom");
  CHECK(says(result, "replies", "OOM command not allowed"));
  CHECK(worker_state(result, "w1") == "healthy");
  CHECK(sample_value(result, "healthd_celery_workers_online") == 2);
  scene.deafen("w1");
  result = scene.runs(3);
  CHECK(check(result, "replies") == "degraded/oom");
  CHECK(worker_state(result, "w1") == "catatonic");
  CHECK(check(result, "consumers") == "down/not_consuming");
}

TEST_CASE("where the broker takes no write and nobody sends a heartbeat, it is the broker's fault") {
  Scene scene;
  scene.runs(4);
  scene.gate = {Reason::oom, "OOM"};
  for (const auto* name : {"w1", "w2"}) scene.kill(name);
  const auto result = scene.run();
  CHECK(check(result, "replies") == "unknown/oom");
}

TEST_CASE("a question that got lost on its way accuses nobody") {
  Scene scene;
  scene.runs(4);
  scene.gate = {Reason::reset, "connection reset"};
  const auto result = scene.runs(3);
  CHECK(check(result, "replies") == "unknown/reset");
  CHECK(worker_state(result, "w1") == "unknown");
}

TEST_CASE("without the right to publish workers are judged by their heartbeats") {
  auto options = celery_options();
  options.expected_workers = 2;
  Scene scene{{"w1", "w2"}, options};
  scene.gate = {Reason::permission, "NOPERM"};
  auto result = scene.runs(3);
  CHECK(check(result, "replies") == "unknown/permission");
  CHECK(worker_state(result, "w1") == "healthy");
  CHECK(check(result, "workers") == "up/none");
  scene.kill("w2");
  result = scene.runs(2);
  CHECK(worker_state(result, "w2") == "dead");
  CHECK(check(result, "workers") == "down/no_reply");
}

// --- our settings are at fault -----------------------------------------------------------------------------

TEST_CASE("where nobody listens but tasks are taken from another database, that is the hint") {
  Scene scene{nobody};
  scene.peers = {popping(3), popping(3)};
  const auto result = scene.runs(4);
  CHECK(check(result, "replies") == "unknown/wrong_database");
  CHECK(says(result, "replies", "database 3"));
}

TEST_CASE("another application in another database is no hint while workers of ours are there") {
  Scene scene;
  scene.peers = {popping(0), popping(3)};
  CHECK(scene.runs(4).status == Status::up);
}

TEST_CASE("where tasks are taken in our database, but nobody listens where we ask, a prefix differs") {
  Scene scene{nobody};
  scene.peers = {popping(0)};
  const auto result = scene.runs(4);
  CHECK(check(result, "replies") == "unknown/config_mismatch");
  CHECK(says(result, "replies", "global_keyprefix"));
}

TEST_CASE("a worker with other settings than ours degrades the probe and is named") {
  Scene scene;
  scene["w1"].transport_options = {{"visibility_timeout", 43200}};
  auto result = scene.runs(3);
  CHECK(result.status == Status::degraded);
  CHECK(check(result, "settings") == "down/config_mismatch");
  CHECK(says(result, "settings", "w1: visibility_timeout is 43200s there"));
  scene["w1"].transport_options = json::object();
  result = scene.runs(5);
  CHECK(check(result, "settings") == "up/none");
}

TEST_CASE("a name that two workers share is told") {
  Scene scene;
  scene.runs(2);
  CelerySight sight;
  sight.queues.lengths = {0};
  sight.rounds.push_back({"ping", scene.now.steady, 2, {{"t", "w1", "{}"}, {"t", "w1", "{}"}}});
  const auto result = scene.judge.judge(sight, scene.news, {scene.now.steady}, scene.now);
  CHECK(check(result, "nodes") == "down/duplicate");
  CHECK(says(result, "nodes", "w1"));
}
