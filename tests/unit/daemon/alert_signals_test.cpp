#include <catch2/catch_test_macros.hpp>

#include "tests/unit/daemon/engine_bench.hpp"

namespace healthd {

using namespace test;

namespace {

const double wall = std::chrono::duration<double>(start.wall.time_since_epoch()).count();

AlertRule stalled_queue() {
  auto stalled = rule("CeleryQueueStalled", "redis", Signal::Kind::age);
  stalled.signal.metric = "empty_at";
  stalled.signal.unless_falling = "length";
  stalled.label = "queue";
  stalled.above = 60;
  return stalled;
}

/// The state series of each worker, as the celery probe tells them: one of them is 1.
std::vector<Sample> worker_states(const std::vector<std::pair<std::string, std::string>>& workers) {
  std::vector<Sample> samples;
  for (const auto& [worker, state] : workers)
    for (const std::string each : {"healthy", "hung", "catatonic", "dead", "unknown"})
      samples.push_back(
          {"healthd_celery_worker_state", each == state ? 1.0 : 0.0, {{"worker", worker}, {"state", each}}});
  return samples;
}

AlertRule from_the_catalogue(const std::string& name) {
  Problems problems;
  for (auto& each : load_alert_rules(built_in_alerts(), "alerts.yaml", problems))
    if (each.name == name) return each;
  throw std::runtime_error{"no alert " + name};
}

}  // namespace

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

TEST_CASE("a target that asks for patience is neither bad nor good news") {
  auto down = rule("RedisDown", "redis", Signal::Kind::check);
  down.signal.check = "ping";
  CheckResult asked{"ping", Status::degraded, Reason::http_status, "HTTP 429"};
  SignalMemory memory;
  CHECK(read_signal(down, outcome("cache", 0s, {asked}, {}), memory).empty());
}

TEST_CASE("an alert with a label is raised for each of its values apart") {
  auto judge_it = engine({stalled_queue()});
  const std::vector<Sample> samples{{"empty_at", wall - 100, {{"queue", "one"}}},
                                    {"empty_at", wall, {{"queue", "two"}}},
                                    {"length", 5, {{"queue", "one"}}}};
  const auto fired = judge_it.on(outcome("cache", 0s, {judge("ping", {})}, samples));
  REQUIRE(fired.size() == 1);
  CHECK(fired.front().labels.at("queue") == "one");
}

TEST_CASE("a queue that is being drained is not stalled") {
  auto judge_it = engine({stalled_queue()});
  const auto length = [&](double value) {
    return std::vector<Sample>{{"empty_at", wall - 30, {{"queue", "one"}}},
                               {"length", value, {{"queue", "one"}}}};
  };
  judge_it.on(outcome("cache", 0s, {judge("ping", {})}, length(100)));
  CHECK(judge_it.on(outcome("cache", 60s, {judge("ping", {})}, length(50))).empty());
  CHECK(judge_it.on(outcome("cache", 120s, {judge("ping", {})}, length(100))).size() == 1);
}

TEST_CASE("the one worker whose state is catatonic raises the alert at once, until its state is another") {
  auto judge_it = engine({from_the_catalogue("CeleryWorkerCatatonic")}, {probe("workers", "celery")});
  const auto run = [&](std::chrono::seconds at, const std::string& first, const std::string& second) {
    return judge_it.on(
        outcome("workers", at, {judge("replies", {})}, worker_states({{"w1", first}, {"w2", second}})));
  };
  CHECK(run(0s, "healthy", "hung").empty());
  const auto fired = run(15s, "healthy", "catatonic");
  REQUIRE(fired.size() == 1);
  CHECK(fired.front().labels.at("worker") == "w2");
  CHECK(fired.front().state == AlertState::firing);
  CHECK(fired.front().labels.at("severity") == "critical");
  CHECK(fired.front().annotations.at("description").starts_with("w2 sends heartbeats"));
  CHECK(run(30s, "healthy", "catatonic").empty());
  // As with every alert, the probe's window says for how long it must have been well.
  std::vector<Alert> resolved;
  for (auto at = 45s; at < 180s && resolved.empty(); at += 15s) resolved = run(at, "healthy", "healthy");
  REQUIRE(resolved.size() == 1);
  CHECK(resolved.front().labels.at("worker") == "w2");
  CHECK(resolved.front().state == AlertState::resolved);
}

TEST_CASE("the alert about a worker ends when nothing is heard of it any more, and not while it is unknown") {
  auto judge_it = engine({from_the_catalogue("CeleryWorkerCatatonic")}, {probe("workers", "celery")});
  const std::vector<Sample> unknown{
      {"healthd_celery_worker_state", 1, {{"worker", "w1"}, {"state", "unknown"}}}};
  const auto run = [&](std::chrono::seconds at, std::vector<Sample> samples) {
    return judge_it.on(outcome("workers", at, {judge("replies", {})}, std::move(samples)));
  };
  REQUIRE(run(0s, worker_states({{"w1", "catatonic"}, {"w2", "healthy"}})).size() == 1);
  for (auto at = 15s; at < 300s; at += 15s) CHECK(run(at, unknown).empty());
  for (auto at = 300s; at < 600s; at += 15s) CHECK(run(at, {}).empty());
  std::vector<Alert> resolved;
  for (auto at = 600s; at < 800s && resolved.empty(); at += 15s)
    resolved = run(at, worker_states({{"w2", "healthy"}}));
  REQUIRE(resolved.size() == 1);
  CHECK(resolved.front().labels.at("worker") == "w1");
  CHECK(resolved.front().state == AlertState::resolved);
}

TEST_CASE("a certificate is late by days and by its share of lifetime, not by days alone") {
  auto soon = rule("TlsCertificateExpiringSoon", "redis", Signal::Kind::remaining);
  soon.signal.metric = "until";
  soon.signal.since = "from";
  soon.below = 21 * 86400;
  soon.below_share = 0.33;
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
