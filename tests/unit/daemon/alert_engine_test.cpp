#include <catch2/catch_test_macros.hpp>

#include "tests/unit/daemon/engine_bench.hpp"

namespace healthd {

using namespace test;

TEST_CASE("a target that stays down fires once, with everything a person needs") {
  auto judge_it = engine({down_rule()});
  CHECK(judge_it.on(ping(0s, Reason::timeout)).empty());
  CHECK(judge_it.on(ping(15s, Reason::timeout)).empty());
  const auto fired = judge_it.on(ping(30s, Reason::timeout));
  REQUIRE(fired.size() == 1);
  const auto& alert = fired.front();
  CHECK(alert.state == AlertState::firing);
  CHECK(alert.labels == std::map<std::string, std::string>{{"alertname", "RedisDown"},
                                                           {"stack", "test"},
                                                           {"component", "redis"},
                                                           {"probe", "cache"},
                                                           {"severity", "critical"}});
  CHECK(alert.annotations.at("runbook_url") == "http://here/runbooks/a-page");
  CHECK(alert.annotations.at("description") == "cache: timeout: words ");
  CHECK(alert.annotations.at("evidence").find("reason timeout (words)") != std::string::npos);
  CHECK(alert.starts_at == after(0s).wall);
  CHECK(judge_it.on(ping(45s, Reason::timeout)).empty());
}

TEST_CASE("when it is over exactly one resolved follows, and the next time has a higher number") {
  auto judge_it = engine({down_rule()});
  for (const auto at : {0s, 15s, 30s}) judge_it.on(ping(at, Reason::reset));
  std::vector<Alert> changes;
  for (auto at = 45s; at <= 200s; at += 15s)
    for (const auto& alert : judge_it.on(ping(at))) changes.push_back(alert);
  REQUIRE(changes.size() == 1);
  CHECK(changes.front().state == AlertState::resolved);
  const auto first = changes.front().sequence;
  CHECK(changes.front().ends_at.has_value());
  for (const auto at : {300s, 315s}) judge_it.on(ping(at, Reason::reset));
  const auto again = judge_it.on(ping(330s, Reason::reset));
  REQUIRE(again.size() == 1);
  CHECK(again.front().sequence > first);
}

TEST_CASE("what could not be told counts as neither success nor failure") {
  auto judge_it = engine({down_rule()});
  for (int i = 0; i < 20; ++i) CHECK(judge_it.on(ping(std::chrono::seconds{i * 15}, Reason::auth)).empty());
  CHECK(judge_it.state("cache") == Status::unknown);
}

TEST_CASE("a result that our own process delayed counts for nothing") {
  auto judge_it = engine({down_rule()});
  for (int i = 0; i < 5; ++i) {
    auto late = ping(std::chrono::seconds{i * 15}, Reason::timeout);
    late.delayed = true;
    CHECK(judge_it.on(late).empty());
  }
}

TEST_CASE("the state stays up until the window has judged, and asks for a second look meanwhile") {
  auto judge_it = engine({down_rule()});
  judge_it.on(ping(0s));
  judge_it.on(ping(15s, Reason::timeout));
  CHECK(judge_it.state("cache") == Status::up);
  CHECK(judge_it.suspect("cache"));
  judge_it.on(ping(20s, Reason::timeout));
  judge_it.on(ping(25s, Reason::timeout));
  CHECK(judge_it.state("cache") == Status::down);
  CHECK_FALSE(judge_it.suspect("cache"));
}

TEST_CASE("silence is never health: no result, or only unknown ones, raises stale") {
  auto judge_it = engine({rule("HealthdProbeStale", "any", Signal::Kind::stale)});
  std::vector<Alert> fired;
  for (auto at = 0s; at <= 70s; at += 1s) {
    if (at.count() % 15 == 0) judge_it.on(ping(at, Reason::auth));
    for (const auto& alert : judge_it.on(after(at))) fired.push_back(alert);
  }
  REQUIRE(fired.size() == 1);
  CHECK(fired.front().labels.at("alertname") == "HealthdProbeStale");
}

TEST_CASE("a pause of our own process makes no probe stale") {
  auto judge_it = engine({rule("HealthdProbeStale", "any", Signal::Kind::stale)});
  judge_it.on(ping(0s));
  judge_it.on(after(1s));
  CHECK(judge_it.on(after(600s)).empty());
  CHECK(judge_it.on(after(630s)).empty());
}

TEST_CASE("of two probes on one server only one raises alerts about the server") {
  auto second = probe("broker", "redis");
  auto first = probe("cache", "redis");
  first.speaks_for_server = false;
  auto judge_it = engine({down_rule()}, {first, second});
  std::vector<Alert> fired;
  for (const auto at : {0s, 15s, 30s, 45s})
    for (const auto* name : {"cache", "broker"})
      for (const auto& alert : judge_it.on(outcome(name, at, {judge("ping", {Reason::timeout, ""})})))
        fired.push_back(alert);
  REQUIRE(fired.size() == 1);
  CHECK(fired.front().labels.at("probe") == "broker");
}

TEST_CASE("an alert about one of several databases is raised for each") {
  auto each = down_rule();
  each.server_wide = false;
  auto second = probe("broker", "redis");
  second.speaks_for_server = false;
  auto judge_it = engine({each}, {probe("cache", "redis"), second});
  std::vector<Alert> fired;
  for (const auto at : {0s, 15s, 30s})
    for (const auto* name : {"cache", "broker"})
      for (const auto& alert : judge_it.on(outcome(name, at, {judge("ping", {Reason::timeout, ""})})))
        fired.push_back(alert);
  CHECK(fired.size() == 2);
}

TEST_CASE("what is wrong for one probe alone is raised for it, whoever speaks for the server") {
  auto down = down_rule();
  down.own_reasons = {"wrong_database"};
  auto second = probe("broker", "redis");
  second.speaks_for_server = false;
  auto judge_it = engine({down}, {probe("cache", "redis"), second});
  std::vector<Alert> fired;
  for (const auto at : {0s, 15s, 30s, 45s}) {
    CHECK(judge_it.on(ping(at)).empty());
    const auto reason = at == 0s ? Reason::connect_refused : Reason::wrong_database;
    for (const auto& alert :
         judge_it.on(outcome("broker", at, {{"ping", Status::down, reason, "there is no such database"}})))
      fired.push_back(alert);
  }
  REQUIRE(fired.size() == 1);
  CHECK(fired.front().labels.at("probe") == "broker");
}

TEST_CASE("a server that went down does not show that it would let us look") {
  auto blind = rule("HealthdMonitorUnprivileged", "any", Signal::Kind::reason);
  blind.signal.reasons = {"auth", "permission"};
  blind.windowed = true;
  auto judge_it = engine({blind});
  std::vector<Alert> changes;
  const auto on = [&](std::chrono::seconds at, Reason reason) {
    for (const auto& alert : judge_it.on(ping(at, reason))) changes.push_back(alert);
  };
  for (auto at = 0s; at < 60s; at += 15s) on(at, Reason::auth);
  REQUIRE(changes.size() == 1);
  for (auto at = 60s; at < 300s; at += 15s) on(at, Reason::connect_refused);
  CHECK(changes.size() == 1);
  for (auto at = 300s; at < 600s; at += 15s) on(at, Reason::none);
  CHECK(changes.size() == 2);
}

TEST_CASE("an alert clears when there is nothing left to report, not when nothing could be observed") {
  auto old = rule("CeleryUnackedTooOld", "redis", Signal::Kind::value);
  old.signal.metric = "age";
  old.signal.absent_is_good = "queues";
  old.above = 10;
  auto judge_it = engine({old});
  REQUIRE(judge_it.on(outcome("cache", 0s, {judge("queues", {})}, {{"age", 11}})).size() == 1);
  for (auto at = 15s; at < 120s; at += 15s)
    CHECK(judge_it.on(outcome("cache", at, {judge("queues", {Reason::auth, ""})})).empty());
  std::vector<Alert> changes;
  for (auto at = 120s; at < 240s; at += 15s)
    for (const auto& alert : judge_it.on(outcome("cache", at, {judge("queues", {})})))
      changes.push_back(alert);
  REQUIRE(changes.size() == 1);
  CHECK(changes.front().state == AlertState::resolved);
}

TEST_CASE("a probe that waits for its first event is not stale") {
  auto judge_it = engine({rule("HealthdProbeStale", "any", Signal::Kind::stale)});
  for (auto at = 0s; at <= 300s; at += 1s) {
    if (at.count() % 15 == 0) {
      auto early = ping(at, Reason::auth);
      early.result.waiting = true;
      judge_it.on(early);
    }
    CHECK(judge_it.on(after(at)).empty());
  }
}

}  // namespace healthd
