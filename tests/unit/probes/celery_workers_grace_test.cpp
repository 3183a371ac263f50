// Who is not judged yet, and who is judged no longer.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/probes/celery_crew.hpp"

using namespace healthd;
using namespace healthd::test;

// --- the broker was away, or we were -----------------------------------------------------------------------

TEST_CASE("while the broker tells nothing every worker is unknown, whatever it was before") {
  Crew crew{{"dead", "healthy", "stopped"}};
  crew.pass(20s);
  crew.kill("dead");
  crew.leave("stopped");
  crew.pass(20s);
  REQUIRE(crew.state("dead") == "dead");
  crew.verdicts = crew.workers.cannot_tell(crew.now);
  CHECK(crew.verdicts.size() == 3);
  for (const auto& each : crew.verdicts) CHECK(each.state == WorkerState::unknown);
}

TEST_CASE("workers get fifteen seconds to come back after an outage, and only then are accused") {
  for (const auto* ends : {"dead", "hung", "catatonic"}) {
    Crew crew{{"back", "w1"}};
    crew.pass(20s);
    crew.workers.cannot_tell(crew.now);
    crew.deafen("w1");
    crew.members.at("w1").beats = std::string{ends} == "catatonic";
    crew.members.at("w1").listens = std::string{ends} == "hung";
    for (auto second = 1; second < 15; ++second) {
      crew.pass(1s);
      CHECK(crew.state("back") == "healthy");
      CHECK(crew.state("w1") == "unknown");
    }
    crew.pass(3s);
    CHECK(crew.state("w1") == ends);
  }
}

TEST_CASE("who has answered since the outage has come back, and has no grace left") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  crew.workers.cannot_tell(crew.now);
  crew.pass(1s);
  crew.kill("w1");
  crew.pass(11s);
  CHECK(crew.state("w1") == "dead");
}

TEST_CASE("a broker that comes and goes lets nobody's patience run out") {
  Crew crew{{"w1"}};
  crew.pass(20s);
  crew.deafen("w1");
  for (auto outage = 0; outage < 10; ++outage) {
    crew.pass(10s);
    CHECK(crew.state("w1") == "unknown");
    crew.workers.cannot_tell(crew.now);
  }
}

TEST_CASE("for ten seconds after our start nobody who does not answer is accused") {
  Crew crew{{"deaf", "hung"}};
  crew.peers.emplace();  // nobody takes tasks
  crew.freeze("hung");
  crew.deafen("deaf");
  crew.pass(9s);
  CHECK(crew.state("hung") == "unknown");
  CHECK(crew.state("deaf") == "unknown");
  crew.pass(10s);
  CHECK(crew.state("hung") == "hung");
  CHECK(crew.state("deaf") == "catatonic");
}

// --- bounds ------------------------------------------------------------------------------------------------

TEST_CASE("fifty workers are kept apart, and one that is gone makes room for one that lives") {
  std::vector<std::string> names;
  for (auto number = 100; number < 170; ++number) names.push_back("w" + std::to_string(number));
  Crew crew{names};
  crew.interval = 15s;
  crew.pass(60s);
  CHECK(crew.verdicts.size() == 50);
  CHECK(crew.state("w100") == "healthy");
  CHECK(crew.state("w169") == "forgotten");
  crew.kill("w100");
  crew.pass(60s);
  CHECK(crew.state("w100") == "forgotten");
  CHECK(crew.verdicts.size() == 50);
}

TEST_CASE("a fleet of new names is known at once, however many old ones have gone") {
  std::vector<std::string> names;
  for (auto number = 0; number < 50; ++number) names.push_back("old" + std::to_string(number));
  Crew crew{names};
  crew.interval = 15s;
  crew.pass(60s);
  for (const auto& name : names) crew.leave(name);
  crew.pass(60s);
  for (const auto* name : {"new1", "new2"}) crew.start(name);
  crew.pass(30s);
  CHECK(crew.state("new1") == "healthy");
  CHECK(crew.state("new2") == "healthy");
}

TEST_CASE("a worker is forgotten an hour after its last sign, however it ended") {
  Crew crew{{"dead", "stopped", "there"}};
  crew.interval = 15s;
  crew.pass(60s);
  crew.kill("dead");
  crew.leave("stopped");
  crew.pass(59min);
  CHECK(crew.state("dead") == "dead");
  CHECK(crew.state("stopped") == "stopped");
  crew.pass(2min);
  CHECK(crew.verdicts.size() == 1);
  CHECK(crew.state("there") == "healthy");
}
