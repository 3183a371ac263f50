// What a worker says of itself: its places, its queues, its tasks.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/probes/celery_crew.hpp"

using namespace healthd;
using namespace healthd::test;

namespace {

WorkerPool pool(long long concurrency, long long pid = 1) {
  WorkerPool made;
  made.pid = pid;
  made.concurrency = concurrency;
  return made;
}

std::vector<WorkerTask> tasks(const std::vector<std::string>& ids) {
  std::vector<WorkerTask> made;
  for (const auto& id : ids) made.push_back({id, "report", "celery", std::nullopt});
  return made;
}

/// One worker that has told all of itself.
Crew told_crew() {
  Crew crew{{"w1"}};
  crew.pass(20s);
  crew.workers.told_pool("w1", pool(2), crew.now);
  crew.workers.told_queues("w1", {"celery"}, crew.now);
  crew.workers.inspected();
  return crew;
}

}  // namespace

// --- its places --------------------------------------------------------------------------------------------

TEST_CASE("a worker is saturated while its heartbeats tell of as many tasks as it has places") {
  auto crew = told_crew();
  auto& news = crew.members.at("w1").news;
  news.active = 1;
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
  news.active = 2;
  crew.pass(1s);
  CHECK(crew.state("w1") == "saturated");
  news.active = 1;
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
  CHECK(crew.verdict("w1")->detail.empty());
}

TEST_CASE("where heartbeats do not tell of tasks, the last inspection does") {
  auto crew = told_crew();
  crew.workers.told_tasks("w1", tasks({"a", "b"}), {}, crew.now);
  crew.pass(1s);
  CHECK(crew.state("w1") == "saturated");
  crew.workers.told_tasks("w1", tasks({"b"}), {}, crew.now);
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
}

TEST_CASE("a worker that does not tell its places is never called saturated") {
  Crew crew{{"w1"}};
  crew.pass(20s);
  crew.workers.told_pool("w1", pool(0), crew.now);
  crew.members.at("w1").news.active = 100;
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
}

// --- its queues --------------------------------------------------------------------------------------------

TEST_CASE(
    "a worker without a queue is detached after two inspections, and the second one is brought forward") {
  auto crew = told_crew();
  CHECK_FALSE(crew.workers.wants_inspection());
  crew.workers.told_queues("w1", {}, crew.now);
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
  CHECK(crew.workers.wants_inspection());
  crew.workers.told_queues("w1", {}, crew.now);
  crew.pass(1s);
  CHECK(crew.state("w1") == "detached");
  CHECK_FALSE(crew.workers.wants_inspection());
  crew.workers.told_queues("w1", {"celery"}, crew.now);
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
}

TEST_CASE("one inspection with a queue between two without forgives a worker") {
  auto crew = told_crew();
  crew.workers.told_queues("w1", {}, crew.now);
  crew.workers.told_queues("w1", {"celery"}, crew.now);
  crew.workers.told_queues("w1", {}, crew.now);
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
}

// --- a restart ---------------------------------------------------------------------------------------------

TEST_CASE("a restarted worker is known by its pid, forgets pool and queues, and is asked anew") {
  auto crew = told_crew();
  crew.members.at("w1").news.active = 2;
  crew.pass(1s);
  CHECK(crew.state("w1") == "saturated");
  CHECK_FALSE(crew.workers.wants_inspection());
  crew.start("w1", 2);
  crew.members.at("w1").news.active = 2;
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
  CHECK(crew.workers.wants_inspection());
}

TEST_CASE("a worker that reconnects is the same process, and what it said holds") {
  auto crew = told_crew();
  crew.leave("w1");
  crew.pass(1s);
  crew.start("w1", 1);
  crew.pass(1s);
  CHECK_FALSE(crew.workers.wants_inspection());
}

TEST_CASE("a worker that does not answer is not waited for by more and more inspections") {
  Crew crew{{"w1"}};
  crew.pass(20s);
  CHECK(crew.workers.wants_inspection());
  crew.freeze("w1");
  crew.pass(20s);
  CHECK_FALSE(crew.workers.wants_inspection());
}

// --- a process of its pool that hangs ----------------------------------------------------------------------

TEST_CASE("a task that is held back for two inspection intervals, although the pool has room, is stuck") {
  auto crew = told_crew();
  for (auto minute = 0; minute < 2; ++minute) {
    crew.workers.told_tasks("w1", tasks({"a"}), tasks({"held", "held too"}), crew.now);
    crew.pass(59s);
    CHECK(crew.verdict("w1")->stuck == 0);
    crew.pass(1s);
  }
  crew.workers.told_tasks("w1", tasks({"a"}), tasks({"held", "held too"}), crew.now);
  crew.pass(1s);
  CHECK(crew.verdict("w1")->stuck == 2);
  crew.workers.told_tasks("w1", tasks({"held", "a"}), {}, crew.now);
  crew.pass(1s);
  CHECK(crew.verdict("w1")->stuck == 0);
}

TEST_CASE("a task that was not seen held back at the end of two intervals is not called stuck") {
  auto crew = told_crew();
  for (auto minute = 0; minute < 2; ++minute) {
    crew.workers.told_tasks("w1", {}, tasks({"slow"}), crew.now);
    crew.pass(60s);
  }
  // It began since the second inspection, and the third one is still to come.
  crew.pass(10s);
  CHECK(crew.verdict("w1")->stuck == 0);
}

TEST_CASE("a worker that ended with a fetched task in its hands has no hung pool process") {
  for (const auto* end : {"dead", "hung", "stopped"}) {
    auto crew = told_crew();
    crew.workers.told_tasks("w1", tasks({"a"}), tasks({"next"}), crew.now);
    crew.freeze("w1");
    if (end == std::string{"dead"}) crew.kill("w1");
    if (end == std::string{"stopped"}) crew.leave("w1");
    crew.pass(5min);
    CHECK(crew.state("w1") == end);
    CHECK(crew.verdict("w1")->stuck == 0);
  }
}

TEST_CASE("while its pool is full a worker holds tasks back with reason, and the time counts anew") {
  auto crew = told_crew();
  crew.workers.told_tasks("w1", tasks({"a"}), tasks({"next"}), crew.now);
  crew.pass(60s);
  crew.workers.told_tasks("w1", tasks({"a", "b"}), tasks({"next"}), crew.now);
  crew.pass(60s);
  for (auto minute = 0; minute < 2; ++minute) {
    crew.workers.told_tasks("w1", tasks({"a"}), tasks({"next"}), crew.now);
    crew.pass(59s);
    CHECK(crew.verdict("w1")->stuck == 0);
    crew.pass(1s);
  }
  crew.workers.told_tasks("w1", tasks({"a"}), tasks({"next"}), crew.now);
  crew.pass(1s);
  CHECK(crew.verdict("w1")->stuck == 1);
}

TEST_CASE("tasks that follow each other are not one that is stuck") {
  auto crew = told_crew();
  for (auto minute = 0; minute < 10; ++minute) {
    crew.workers.told_tasks("w1", tasks({"a"}), tasks({"task " + std::to_string(minute)}), crew.now);
    crew.pass(60s);
    CHECK(crew.verdict("w1")->stuck == 0);
  }
}

TEST_CASE("an outage or a restart makes nothing of a task that was held back before") {
  for (const bool restart : {false, true}) {
    auto crew = told_crew();
    crew.workers.told_tasks("w1", {}, tasks({"held"}), crew.now);
    crew.pass(100s);
    if (restart) {
      crew.start("w1", 2);
      crew.pass(1s);
      crew.workers.told_pool("w1", pool(2, 2), crew.now);
    } else {
      crew.workers.cannot_tell(crew.now);
    }
    crew.pass(60s);
    crew.workers.told_tasks("w1", {}, tasks({"held"}), crew.now);
    crew.pass(1s);
    CHECK(crew.verdict("w1")->stuck == 0);
  }
}
