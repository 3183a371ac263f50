#include <catch2/catch_test_macros.hpp>

#include "tests/unit/probes/celery_crew.hpp"

using namespace healthd;
using namespace healthd::test;

// --- it ended ----------------------------------------------------------------------------------------------

TEST_CASE("a killed worker is unknown first, and dead once its last sign is older than ten seconds") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  CHECK(crew.state("w1") == "healthy");
  crew.kill("w1");
  for (auto second = 1; second <= 10; ++second) {
    crew.pass(1s);
    CHECK(crew.state("w1") == "unknown");
  }
  crew.pass(1s);
  CHECK(crew.state("w1") == "dead");
  CHECK(crew.verdict("w1")->detail.find("its connection is gone") != std::string::npos);
  CHECK(crew.state("w2") == "healthy");
  crew.pass(10min);
  CHECK(crew.state("w1") == "dead");
}

TEST_CASE("a stopped process, whose connection stands, hangs, and is healthy as soon as it goes on") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  crew.freeze("w1");
  crew.pass(10s);
  CHECK(crew.state("w1") == "unknown");
  crew.pass(1s);
  CHECK(crew.state("w1") == "hung");
  CHECK(crew.state("w2") == "healthy");
  crew.pass(10min);
  CHECK(crew.state("w1") == "hung");
  crew.members.at("w1").answers = crew.members.at("w1").beats = true;
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
  CHECK(crew.verdict("w1")->detail.empty());
}

TEST_CASE("a worker with rare heartbeats is given five of them before it counts as silent") {
  Crew crew{{"w1"}};
  crew.members.at("w1").news.frequency = 10;
  crew.pass(20s);
  crew.kill("w1");
  crew.pass(50s);
  CHECK(crew.state("w1") == "unknown");
  crew.pass(1s);
  CHECK(crew.state("w1") == "dead");
}

TEST_CASE("a worker without heartbeats is judged by its answers alone") {
  Crew crew{{"w1"}};
  crew.members.at("w1").beats = false;
  crew.members.at("w1").news = WorkerNews{};
  crew.pass(10min);
  CHECK(crew.state("w1") == "healthy");
  crew.kill("w1");
  crew.pass(11s);
  CHECK(crew.state("w1") == "dead");
}

TEST_CASE("a worker that was asked for a heartbeat and sent it counts as one that answered") {
  Crew crew{{"w1"}};
  auto& member = crew.members.at("w1");
  member.answers = false;
  for (auto second = 0; second < 30; ++second) {
    member.news.prompted = crew.now + 1s;
    crew.pass(1s);
  }
  CHECK(crew.state("w1") == "healthy");
  member.listens = false;
  crew.pass(16s);
  CHECK(crew.state("w1") == "catatonic");
}

// --- it took its leave -------------------------------------------------------------------------------------

TEST_CASE("a worker that said good-bye is stopped after three seconds, and never called dead") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  crew.leave("w1");
  crew.pass(2s);
  CHECK(crew.state("w1") == "unknown");
  crew.pass(1s);
  CHECK(crew.state("w1") == "stopped");
  crew.pass(50min);
  CHECK(crew.state("w1") == "stopped");
  crew.start("w1", 2);
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
}

TEST_CASE("a worker that reconnects says good-bye as well, and is not called stopped for it") {
  Crew crew{{"w1"}};
  crew.pass(20s);
  crew.leave("w1");
  crew.pass(2s);
  CHECK(crew.state("w1") == "unknown");
  crew.start("w1");
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
}

TEST_CASE("in the grace after an outage a good-bye makes no worker stopped") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  crew.verdicts = crew.workers.cannot_tell(crew.now);
  crew.leave("w1");
  crew.pass(14s);
  CHECK(crew.state("w1") == "unknown");
  crew.pass(1s);
  CHECK(crew.state("w1") == "stopped");
}

TEST_CASE("a worker that was gone before we came is not listed") {
  Crew crew{{"w1", "w2"}};
  crew.leave("w1");
  crew.pass(20s);
  CHECK(crew.state("w1") == "forgotten");
  CHECK(crew.state("w2") == "healthy");
}

// --- it is there, and does nothing -------------------------------------------------------------------------

TEST_CASE(
    "heartbeats that go on beside fifteen seconds of unanswered questions are catatonic, and not before") {
  for (const bool listens : {false, true}) {
    Crew crew{{"w1", "w2"}};
    crew.pass(20s);
    crew.deafen("w1");
    crew.members.at("w1").listens = listens;
    for (auto second = 1; second <= 15; ++second) {
      crew.pass(1s);
      REQUIRE(crew.state("w1") == "unknown");
    }
    crew.pass(1s);
    CHECK(crew.state("w1") == "catatonic");
    CHECK(crew.state("w2") == "healthy");
    crew.pass(10min);
    CHECK(crew.state("w1") == "catatonic");
  }
}

TEST_CASE("one answer begins the patience with a worker anew") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  crew.deafen("w1");
  crew.pass(14s);
  crew.members.at("w1").answers = true;
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
  crew.deafen("w1");
  crew.pass(15s);
  CHECK(crew.state("w1") == "unknown");
  crew.pass(1s);
  CHECK(crew.state("w1") == "catatonic");
}

TEST_CASE("a worker that fell silent altogether is not catatonic on the strength of its last heartbeats") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  crew.members.at("w1").news.frequency = 10;
  crew.kill("w1");
  for (auto second = 0; second < 50; ++second) {
    crew.pass(1s);
    CHECK(crew.state("w1") != "catatonic");
  }
}

TEST_CASE("where the questions stop, as without the right to ask, no worker becomes catatonic") {
  Crew crew{{"w1"}};
  crew.pass(20s);
  crew.deafen("w1");
  crew.pass(5s);
  crew.asks = false;
  crew.pass(10min);
  CHECK(crew.state("w1") == "healthy");
}

TEST_CASE(
    "with a run every fifteen seconds each end is known in the time that the manual tells, at any phase") {
  struct Row {
    const char* state;
    std::chrono::seconds within;
    void (*end)(Crew&);
  };
  const Row rows[] = {{"dead", 30s, [](Crew& crew) { crew.kill("w1"); }},
                      {"hung", 30s, [](Crew& crew) { crew.freeze("w1"); }},
                      {"stopped", 30s, [](Crew& crew) { crew.leave("w1"); }},
                      {"catatonic", 45s, [](Crew& crew) { crew.deafen("w1"); }}};
  for (const auto& row : rows)
    for (auto phase = 0s; phase < 15s; phase += 1s) {
      Crew crew{{"w1", "w2"}};
      crew.interval = 15s;
      crew.pass(60s);
      // The worker ends `phase` before the next run.
      crew.interval = 1h;
      crew.pass(15s - phase);
      row.end(crew);
      crew.pass(phase);
      crew.interval = 15s;
      crew.run();
      for (auto passed = phase; passed + 15s <= row.within; passed += 15s) crew.pass(15s);
      CAPTURE(row.state, phase.count());
      CHECK(crew.state("w1") == row.state);
      CHECK(crew.state("w2") == "healthy");
    }
}
