// Who of those that give no sign is still connected, and who only seems to give none.
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/probes/celery_crew.hpp"

using namespace healthd;
using namespace healthd::test;

namespace {

WorkerPool pool(long long concurrency, bool solo = false) {
  WorkerPool made;
  made.pid = 1;
  made.concurrency = concurrency;
  made.solo = solo;
  return made;
}

/// One solo worker on 10.0.0.1 that has told its pool.
Crew solo_crew(std::optional<double> hard_limit = std::nullopt) {
  Crew crew{{"w1"}};
  crew.peers = {consumer(1, "10.0.0.1")};
  crew.pass(20s);
  auto told = pool(1, true);
  told.hard_limit = hard_limit;
  crew.workers.told_pool("w1", told, crew.now);
  return crew;
}

/// It popped a message `idle` seconds ago, and runs the task since.
std::vector<RedisPeer> popped(long long idle) {
  return {consumer(1, "10.0.0.1", idle), peer(2, "10.0.0.1", "exec", idle)};
}

}  // namespace

// --- how many still listen ---------------------------------------------------------------------------------

TEST_CASE("of two silent workers with one listener left exactly one hangs") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  crew.freeze("w1");
  crew.kill("w2");
  crew.pass(60s);
  CHECK((crew.state("w1") == "hung") != (crew.state("w2") == "hung"));
  CHECK((crew.state("w1") == "dead") != (crew.state("w2") == "dead"));
}

TEST_CASE("who hung before stays hung when another one dies") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  crew.freeze("w1");
  crew.pass(30s);
  REQUIRE(crew.state("w1") == "hung");
  crew.kill("w2");
  crew.pass(60s);
  CHECK(crew.state("w1") == "hung");
  CHECK(crew.state("w2") == "dead");
}

TEST_CASE("who was dead before stays dead when another one hangs") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  crew.kill("w1");
  crew.pass(30s);
  REQUIRE(crew.state("w1") == "dead");
  crew.freeze("w2");
  crew.pass(60s);
  CHECK(crew.state("w1") == "dead");
  CHECK(crew.state("w2") == "hung");
}

TEST_CASE("a hung worker that is killed is dead in the next run") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  crew.freeze("w1");
  crew.pass(30s);
  REQUIRE(crew.state("w1") == "hung");
  crew.kill("w1");
  crew.pass(1s);
  CHECK(crew.state("w1") == "dead");
}

TEST_CASE("a listener that is no worker does not make a dead worker look hung") {
  Crew crew{{"w1", "w2"}};
  crew.peers = {consumer(1, "10.0.0.1"), consumer(2, "10.0.0.2")};
  crew.foreign = 1;
  crew.pass(20s);
  crew.kill("w1");
  crew.pass(60s);
  CHECK(crew.state("w1") == "dead");
  crew.freeze("w2");
  crew.pass(60s);
  CHECK(crew.state("w1") == "dead");
  CHECK(crew.state("w2") == "hung");
}

TEST_CASE("a connection that closed a moment later than its worker's last answer is no foreign listener") {
  Crew crew{{"w1", "w2"}};
  crew.pass(20s);
  crew.foreign = 1;
  crew.pass(1s);
  crew.foreign = 0;
  crew.freeze("w1");
  crew.pass(60s);
  CHECK(crew.state("w1") == "hung");
}

TEST_CASE("a listener that takes tasks is a worker that we never met, and no foreign one") {
  Crew crew{{"w1"}};
  crew.peers = {consumer(1, "10.0.0.1"), consumer(2, "10.0.0.2", 100)};
  crew.foreign = 1;
  crew.pass(60s);
  CHECK(crew.workers.foreign() == 0);
}

TEST_CASE("a worker that took its leave does not keep a foreign listener from being known") {
  Crew crew{{"old", "w1", "w2"}};
  crew.peers = {consumer(1, "10.0.0.1"), consumer(2, "10.0.0.2")};
  crew.pass(20s);
  crew.leave("old");
  crew.pass(20s);
  REQUIRE(crew.state("old") == "stopped");
  crew.foreign = 1;
  crew.pass(60s);
  crew.kill("w1");
  crew.pass(60s);
  CHECK(crew.state("w1") == "dead");
}

TEST_CASE("workers that answer with pickle have no names in their answers, and none of them hangs") {
  Crew crew{{"w1"}};
  crew.pass(20s);
  WorkerRound round;
  round.asked = true;
  round.receivers = round.answers = 2;
  auto news = crew.members.at("w1").news;
  news.prompted = news.heartbeat = round.asked_at = crew.now + 20s;
  round.hearing_since = crew.hearing_since;
  const auto found = crew.workers.judge(round, {{"w1", news}}, crew.now + 20s);
  REQUIRE(found.size() == 1);
  CHECK(found.front().state == WorkerState::healthy);
}

// --- a worker without a pool -------------------------------------------------------------------------------

TEST_CASE(
    "a solo worker that just popped a message is busy at once, and for as long as nothing else is seen") {
  auto crew = solo_crew();
  crew.freeze("w1");
  for (auto second = 1; second <= 60; ++second) {
    crew.peers = popped(second);
    crew.pass(1s);
    CHECK(crew.state("w1") == "busy_solo");
  }
  crew.peers = popped(0);
  crew.start("w1");
  crew.pass(1s);
  CHECK(crew.state("w1") == "healthy");
}

TEST_CASE("a solo worker that popped nothing and gives no sign hangs") {
  auto crew = solo_crew();
  crew.freeze("w1");
  crew.peers = {consumer(1, "10.0.0.1", 11), peer(2, "10.0.0.1", "publish", 11)};
  crew.pass(11s);
  CHECK(crew.state("w1") == "hung");
}

TEST_CASE("a solo worker that ended a task before it was stopped hangs") {
  auto crew = solo_crew();
  crew.freeze("w1");
  crew.peers = {consumer(1, "10.0.0.1", 11), peer(2, "10.0.0.1", "exec", 12)};
  crew.pass(11s);
  CHECK(crew.state("w1") == "hung");
}

TEST_CASE("a message that was popped on another machine makes no solo worker busy") {
  auto crew = solo_crew();
  crew.freeze("w1");
  crew.peers = {consumer(1, "10.0.0.1", 11), peer(2, "10.0.0.2", "exec", 11)};
  crew.pass(11s);
  CHECK(crew.state("w1") == "hung");
}

TEST_CASE("a solo worker stays busy in a run in which the connections were not looked at") {
  auto crew = solo_crew();
  crew.freeze("w1");
  crew.peers = popped(19);
  crew.pass(20s);
  REQUIRE(crew.state("w1") == "busy_solo");
  // With many clients CLIENT LIST is asked for every 15 s only.
  crew.peers.reset();
  crew.pass(5s);
  CHECK(crew.state("w1") == "busy_solo");
}

TEST_CASE("a solo worker is busy for half an hour or its own time limit, and hung beyond that") {
  const auto after = [](std::optional<double> limit, std::chrono::seconds span) {
    auto crew = solo_crew(limit);
    crew.interval = 15s;
    crew.freeze("w1");
    crew.peers = popped(std::chrono::seconds{span}.count());
    crew.pass(span);
    return crew.state("w1");
  };
  CHECK(after(std::nullopt, 29min) == "busy_solo");
  CHECK(after(std::nullopt, 31min) == "hung");
  CHECK(after(60.0, 59s) == "busy_solo");
  CHECK(after(60.0, 75s) == "hung");
  CHECK(after(7200.0, 50min) == "busy_solo");
}

TEST_CASE("a solo worker that is killed during its task is dead") {
  auto crew = solo_crew();
  crew.kill("w1");
  crew.peers = {peer(9, "10.0.0.3", "exec", 11)};
  crew.pass(11s);
  CHECK(crew.state("w1") == "dead");
}

TEST_CASE("a worker with a pool answers while tasks run, so a popped message does not excuse it") {
  Crew crew{{"w1"}};
  crew.pass(20s);
  crew.workers.told_pool("w1", pool(4), crew.now);
  crew.freeze("w1");
  crew.peers = popped(11);
  crew.pass(11s);
  CHECK(crew.state("w1") == "hung");
}

// --- who may not be asked ----------------------------------------------------------------------------------

TEST_CASE("where remote control is off, workers are healthy as long as as many connections take tasks") {
  Crew crew{{"w1", "w2"}};
  for (const auto* name : {"w1", "w2"}) crew.deafen(name);
  crew.peers = {consumer(1, "10.0.0.1"), consumer(2, "10.0.0.2")};
  crew.pass(60s);
  CHECK(crew.state("w1") == "healthy");
  CHECK(crew.state("w2") == "healthy");
  SECTION("one that runs a task need not ask for more") {
    crew.peers->back() = consumer(2, "10.0.0.2", 100);
    crew.members.at("w2").news.active = 1;
    crew.pass(60s);
    CHECK(crew.state("w2") == "healthy");
  }
  SECTION("one that dies is dead, and the other one is not accused") {
    crew.kill("w1");
    crew.peers->pop_back();
    crew.pass(60s);
    CHECK(crew.state("w1") == "dead");
    CHECK(crew.state("w2") == "healthy");
  }
  SECTION("where fewer take tasks than there are workers, all that do not answer are accused") {
    crew.peers->pop_back();
    crew.pass(16s);
    CHECK(crew.state("w1") == "catatonic");
    CHECK(crew.state("w2") == "catatonic");
  }
  SECTION("that others listen and answer says nothing of them") {
    crew.start("w3");
    crew.peers->push_back(consumer(3, "10.0.0.3"));
    crew.pass(60s);
    for (const auto* name : {"w1", "w2", "w3"}) CHECK(crew.state(name) == "healthy");
  }
  SECTION("where connections cannot be seen nobody knows, so nobody is accused") {
    crew.peers.reset();
    crew.pass(60s);
    CHECK(crew.state("w1") == "unknown");
  }
  SECTION("one that answered before is accused when it does not any more") {
    crew.members.at("w1").answers = crew.members.at("w1").listens = true;
    crew.pass(5s);
    crew.deafen("w1");
    crew.pass(60s);
    CHECK(crew.state("w1") == "catatonic");
    CHECK(crew.state("w2") == "healthy");
  }
}

TEST_CASE("a worker that is never asked is healthy while its heartbeats come, and dead without them") {
  Crew crew{{"w1", "w2", "w3"}};
  crew.asks = false;
  crew.pass(20s);
  for (const auto* name : {"w1", "w2", "w3"}) CHECK(crew.state(name) == "healthy");
  crew.kill("w1");
  crew.freeze("w2");
  crew.leave("w3");
  crew.pass(20s);
  CHECK(crew.state("w1") == "dead");
  CHECK(crew.state("w2") == "dead");
  CHECK(crew.state("w3") == "stopped");
  CHECK(crew.verdict("w2")->detail.find("only a question could tell") != std::string::npos);
}
