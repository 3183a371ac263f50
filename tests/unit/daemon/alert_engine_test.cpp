#include "daemon/alert_engine.hpp"

#include <catch2/catch_test_macros.hpp>

namespace healthd {
namespace {

using namespace std::chrono_literals;

const Moment start{std::chrono::steady_clock::time_point{} + 1h,
                   std::chrono::system_clock::time_point{} + 480000h};

Moment after(std::chrono::seconds span) { return {start.steady + span, start.wall + span}; }

WatchedProbe probe(std::string name, std::string component) {
  WatchedProbe watched;
  watched.name = std::move(name);
  watched.stack = "test";
  watched.component = component;
  watched.kind = component;
  watched.target = "127.0.0.1:1";
  watched.interval = 15s;
  watched.timeout = 5s;
  watched.window.keep = 30s;
  return watched;
}

AlertRule rule(std::string name, std::string component, Signal::Kind kind) {
  AlertRule made;
  made.server_wide = true;
  made.name = std::move(name);
  made.severity = "critical";
  made.component = std::move(component);
  made.runbook = "a-page";
  made.signal.kind = kind;
  made.summary = "A summary.";
  made.description = "{probe}: {reason}: {detail} {value}";
  return made;
}

AlertRule down_rule() {
  auto made = rule("RedisDown", "redis", Signal::Kind::check);
  made.signal.check = "ping";
  made.windowed = true;
  return made;
}

Outcome outcome(std::string name, std::chrono::seconds at, std::vector<CheckResult> checks,
                std::vector<Sample> samples = {}) {
  Outcome made;
  made.probe = std::move(name);
  made.result.checks = std::move(checks);
  made.result.samples = std::move(samples);
  conclude(made.result);
  made.at = after(at).wall;
  made.steady_at = after(at).steady;
  return made;
}

Outcome ping(std::chrono::seconds at, Reason reason = Reason::none) {
  return outcome("cache", at, {judge("ping", {reason, "words"})});
}

AlertEngine engine(std::vector<AlertRule> rules,
                   std::vector<WatchedProbe> probes = {probe("cache", "redis")}) {
  return AlertEngine{
      std::move(rules), std::move(probes), {"http://here/runbooks", "", "http://here/"}, start};
}

}  // namespace

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
  CHECK(changes.front().sequence == 1);
  CHECK(changes.front().ends_at.has_value());
  for (const auto at : {300s, 315s}) judge_it.on(ping(at, Reason::reset));
  const auto again = judge_it.on(ping(330s, Reason::reset));
  REQUIRE(again.size() == 1);
  CHECK(again.front().sequence == 2);
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

TEST_CASE("a threshold on a ratio fires after its hold") {
  auto full = rule("PostgresConnectionsHigh", "redis", Signal::Kind::ratio);
  full.signal.metric = "used";
  full.signal.of = "most";
  full.signal.minus = "kept";
  full.above = 0.8;
  full.hold = 20s;
  auto judge_it = engine({full});
  const auto used = [](double count) {
    return std::vector<Sample>{
        {"used", count - 1, {{"state", "a"}}}, {"used", 1, {{"state", "b"}}}, {"most", 103}, {"kept", 3}};
  };
  CHECK(judge_it.on(outcome("cache", 0s, {judge("ping", {})}, used(80))).empty());
  CHECK(judge_it.on(outcome("cache", 15s, {judge("ping", {})}, used(81))).empty());
  for (auto at = 1s; at < 35s; at += 1s) CHECK(judge_it.on(after(at)).empty());
  const auto fired = judge_it.on(after(35s));
  REQUIRE(fired.size() == 1);
  CHECK(fired.front().annotations.at("description").find("81%") != std::string::npos);
}

TEST_CASE("an alert with a label is raised for each of its values apart") {
  auto stalled = rule("CeleryQueueStalled", "redis", Signal::Kind::age);
  stalled.signal.metric = "empty_at";
  stalled.signal.unless_falling = "length";
  stalled.label = "queue";
  stalled.above = 60;
  auto judge_it = engine({stalled});
  const auto wall = std::chrono::duration<double>(start.wall.time_since_epoch()).count();
  const std::vector<Sample> samples{{"empty_at", wall - 100, {{"queue", "one"}}},
                                    {"empty_at", wall, {{"queue", "two"}}},
                                    {"length", 5, {{"queue", "one"}}}};
  const auto fired = judge_it.on(outcome("cache", 0s, {judge("ping", {})}, samples));
  REQUIRE(fired.size() == 1);
  CHECK(fired.front().labels.at("queue") == "one");
}

TEST_CASE("a queue that is being drained is not stalled") {
  auto stalled = rule("CeleryQueueStalled", "redis", Signal::Kind::age);
  stalled.signal.metric = "empty_at";
  stalled.signal.unless_falling = "length";
  stalled.label = "queue";
  stalled.above = 60;
  auto judge_it = engine({stalled});
  const auto wall = std::chrono::duration<double>(start.wall.time_since_epoch()).count();
  const auto length = [&](double value) {
    return std::vector<Sample>{{"empty_at", wall - 30, {{"queue", "one"}}},
                               {"length", value, {{"queue", "one"}}}};
  };
  judge_it.on(outcome("cache", 0s, {judge("ping", {})}, length(100)));
  CHECK(judge_it.on(outcome("cache", 60s, {judge("ping", {})}, length(50))).empty());
  CHECK(judge_it.on(outcome("cache", 120s, {judge("ping", {})}, length(100))).size() == 1);
}

TEST_CASE("a certificate is late by days and by its share of lifetime, not by days alone") {
  auto soon = rule("TlsCertificateExpiringSoon", "redis", Signal::Kind::remaining);
  soon.signal.metric = "until";
  soon.signal.since = "from";
  soon.below = 21 * 86400;
  soon.below_share = 0.33;
  const auto wall = std::chrono::duration<double>(start.wall.time_since_epoch()).count();
  const auto lives = [&](double days_before, double days_left) {
    return std::vector<Sample>{{"from", wall - days_before * 86400}, {"until", wall + days_left * 86400}};
  };
  auto judge_it = engine({soon});
  CHECK(judge_it.on(outcome("cache", 0s, {judge("ping", {})}, lives(1, 5))).empty());
  const auto fired = judge_it.on(outcome("cache", 15s, {judge("ping", {})}, lives(85, 5)));
  REQUIRE(fired.size() == 1);
  CHECK(fired.front().annotations.at("description").find("5 days") != std::string::npos);
}

TEST_CASE("a reason in the list raises the monitor's own alert, for whichever part") {
  auto unprivileged = rule("HealthdMonitorUnprivileged", "any", Signal::Kind::reason);
  unprivileged.signal.reasons = {"auth", "permission"};
  unprivileged.windowed = true;
  auto judge_it = engine({unprivileged});
  judge_it.on(ping(0s, Reason::auth));
  judge_it.on(ping(15s, Reason::auth));
  CHECK(judge_it.on(ping(30s, Reason::auth)).size() == 1);
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

TEST_CASE("a failure that is another alert's business neither raises nor clears") {
  auto down = down_rule();
  down.signal.except = {"too_many_connections"};
  auto judge_it = engine({down});
  for (const auto at : {0s, 15s, 30s, 45s})
    CHECK(judge_it.on(ping(at, Reason::too_many_connections)).empty());
  CHECK(judge_it.alerts().empty());
}

TEST_CASE("a threshold in units of another metric follows that metric") {
  auto old = rule("CeleryUnackedTooOld", "redis", Signal::Kind::value);
  old.signal.metric = "age";
  old.signal.times = "visibility";
  old.above = 2;
  auto judge_it = engine({old});
  const auto aged = [](double age) { return std::vector<Sample>{{"age", age}, {"visibility", 60}}; };
  CHECK(judge_it.on(outcome("cache", 0s, {judge("ping", {})}, aged(119))).empty());
  CHECK(judge_it.on(outcome("cache", 15s, {judge("ping", {})}, {{"age", 500}})).empty());
  CHECK(judge_it.on(outcome("cache", 30s, {judge("ping", {})}, aged(121))).size() == 1);
}

TEST_CASE("a rule that asks for a metric passes over probes without it") {
  auto full = rule("RedisMemoryHigh", "redis", Signal::Kind::value);
  full.signal.metric = "used";
  full.signal.where = "safe";
  full.above = 1;
  auto judge_it = engine({full});
  CHECK(judge_it.on(outcome("cache", 0s, {judge("ping", {})}, {{"used", 5}})).empty());
  CHECK(judge_it.on(outcome("cache", 15s, {judge("ping", {})}, {{"used", 5}, {"safe", 0}})).size() == 1);
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

TEST_CASE("either of two main checks raises the alert") {
  auto either = down_rule();
  either.signal.check = "connect|query";
  auto judge_it = engine({either});
  const auto half = [](std::chrono::seconds at) {
    return outcome("cache", at, {judge("connect", {Reason::timeout, ""}), judge("query", {})});
  };
  judge_it.on(half(0s));
  judge_it.on(half(15s));
  CHECK(judge_it.on(half(30s)).size() == 1);
}

}  // namespace healthd
