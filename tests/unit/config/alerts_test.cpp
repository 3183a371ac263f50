#include "config/alerts.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/config/sample.hpp"

using namespace healthd;
using namespace std::chrono_literals;

namespace {

std::vector<AlertRule> catalogue() {
  Problems problems;
  auto rules =
      load_alert_rules(test::read_file(test::source_file("config/alerts.yaml")), "alerts.yaml", problems);
  CHECK(test::lines(problems) == "");
  return rules;
}

AlertRule rule(const std::string& name) {
  const auto rules = catalogue();
  const auto found = std::ranges::find(rules, name, &AlertRule::name);
  if (found == rules.end()) throw std::runtime_error{"no alert " + name};
  return *found;
}

/// The problems of a catalogue of one row: a good one in which `key` has another line.
std::string problems_with(const std::string& key, const std::string& line) {
  const std::vector<std::pair<std::string, std::string>> good{
      {"alert", "alert: RedisDown"},     {"severity", "severity: critical"},
      {"component", "component: redis"}, {"signal", "signal: {check: ping}"},
      {"summary", "summary: Down."},     {"description", "description: \"{probe} is down.\""}};
  std::string text = "alerts:\n  -\n";
  for (const auto& [name, usual] : good) text += "    " + (name == key ? line : usual) + '\n';
  if (std::ranges::find(good, key, &std::pair<std::string, std::string>::first) == good.end())
    text += "    " + line + '\n';
  Problems problems;
  load_alert_rules(text, "a.yaml", problems);
  std::string lines;
  for (const auto& problem : problems.sorted()) lines += problem.message + '\n';
  return lines;
}

}  // namespace

TEST_CASE("the catalogue holds the alerts that people script against") {
  std::vector<std::string> names;
  for (const auto& each : catalogue()) names.push_back(each.name);
  for (const auto* name : {"SupersetEdgeDown",
                           "SupersetEdgeFlapping",
                           "SupersetEdgeSlow",
                           "TlsCertificateExpiringSoon",
                           "TlsCertificateExpiringVerySoon",
                           "TlsCertificateInvalid",
                           "NginxStubStatusDown",
                           "NginxConnectionsDropped",
                           "NginxConnectionsNearLimit",
                           "SupersetUpstreamUnavailable",
                           "SupersetWebDown",
                           "SupersetWebSlow",
                           "SupersetMetadataCheckFailing",
                           "SupersetApiCheckFailing",
                           "SupersetServerErrors",
                           "SupersetWorkerTimeouts",
                           "SupersetMigrationsPending",
                           "SupersetReportsStuck",
                           "PostgresDown",
                           "PostgresConnectionsExhausted",
                           "PostgresConnectionsHigh",
                           "PostgresIdleInTransaction",
                           "PostgresLongTransaction",
                           "PostgresLockWait",
                           "PostgresDeadlocks",
                           "PostgresXidWraparound",
                           "PostgresXidWraparoundImminent",
                           "PostgresChecksumFailures",
                           "PostgresWalArchiveFailing",
                           "PostgresReplicationSlotRetainsWal",
                           "PostgresSequenceNearLimit",
                           "RedisDown",
                           "RedisWritesRejected",
                           "RedisMemoryHigh",
                           "RedisBrokerEvictionPolicyUnsafe",
                           "RedisBrokerEvictedKeys",
                           "RedisConnectionsRejected",
                           "RedisPersistenceFailing",
                           "CeleryNoWorkers",
                           "CeleryWorkersMissing",
                           "CeleryCanaryFailing",
                           "CeleryQueueStalled",
                           "CeleryUnackedTooOld",
                           "CeleryBeatDown",
                           "CeleryBeatDuplicate",
                           "HealthdDown",
                           "HealthdProbeStale",
                           "HealthdCollectorFailing",
                           "HealthdMonitorUnprivileged",
                           "HealthdConfigReloadFailed",
                           "HealthdNotificationsFailing",
                           "HealthdSchedulerLag",
                           "HealthdWatchdog",
                           "CeleryWorkerCatatonic",
                           "CeleryQueueWithoutConsumer",
                           "CeleryPoolChildHung",
                           "HealthdMonitorBlind",
                           "HealthdStateNotKept"}) {
    CAPTURE(name);
    CHECK(std::ranges::count(names, name) == 1);
  }
}

TEST_CASE("availability alerts fire by the window and all others by their hold") {
  std::vector<std::string> windowed;
  for (const auto& each : catalogue()) {
    if (each.windowed) windowed.push_back(each.name);
  }
  std::ranges::sort(windowed);
  CHECK(windowed == std::vector<std::string>{"CeleryNoWorkers", "HealthdMonitorUnprivileged",
                                             "PostgresConnectionsExhausted", "PostgresDown", "RedisDown",
                                             "SupersetEdgeDown", "SupersetUpstreamUnavailable",
                                             "SupersetWebDown", "TlsCertificateInvalid"});
  CHECK(rule("CeleryBeatDown").hold == 0ms);
  CHECK(rule("TlsCertificateExpiringSoon").hold == 1h);
}

TEST_CASE("each alert has a runbook that carries its name") {
  for (const auto& each : catalogue()) {
    CAPTURE(each.name);
    const auto page = test::read_file(test::source_file("ops/runbooks/" + each.runbook + ".md"));
    CHECK(page.find("alert: " + each.name + "\n") != std::string::npos);
    CHECK(page.find("severity: " + each.severity + "\n") != std::string::npos);
  }
}

TEST_CASE("summaries are fixed sentences and descriptions name the probe") {
  for (const auto& each : catalogue()) {
    CAPTURE(each.name);
    CHECK(each.summary.ends_with('.'));
    CHECK(each.description.ends_with('.'));
    CHECK(each.description.find("{probe}") != std::string::npos);
  }
}

TEST_CASE("the signals of the catalogue are read with all their parts") {
  const auto expiry = rule("TlsCertificateExpiringSoon");
  CHECK(expiry.signal.kind == Signal::Kind::remaining);
  CHECK(expiry.signal.metric == "healthd_tls_leaf_not_after_timestamp_seconds");
  CHECK(expiry.signal.since == "healthd_tls_leaf_not_before_timestamp_seconds");
  CHECK(expiry.below == 21 * 86'400.0);
  CHECK(expiry.below_share == 0.33);

  const auto connections = rule("PostgresConnectionsHigh");
  CHECK(connections.signal.kind == Signal::Kind::ratio);
  CHECK(connections.signal.minus == "healthd_postgres_connections_reserved");
  CHECK(connections.above == 0.8);

  const auto stalled = rule("CeleryQueueStalled");
  CHECK(stalled.signal.kind == Signal::Kind::age);
  CHECK(stalled.signal.unless_falling == "healthd_celery_queue_length");
  CHECK(stalled.above == 1800.0);
  CHECK(stalled.label == "queue");

  const auto catatonic = rule("CeleryWorkerCatatonic");
  CHECK(catatonic.signal.kind == Signal::Kind::value);
  CHECK(catatonic.signal.match == std::pair<std::string, std::string>{"state", "catatonic"});
  CHECK(catatonic.label == "worker");
  CHECK(rule("CeleryPoolChildHung").signal.match == std::pair<std::string, std::string>{});

  CHECK(rule("PostgresDown").signal.check == "connect|query");
  CHECK(rule("HealthdMonitorUnprivileged").signal.reasons == std::vector<std::string>{"auth", "permission"});
  CHECK(rule("HealthdProbeStale").signal.kind == Signal::Kind::stale);
}

TEST_CASE("a good row is read without a word and its runbook follows from the name") {
  CHECK(problems_with("label", "label: queue").empty());
  CHECK(problems_with("runbook", "runbook: redis-down").empty());
}

TEST_CASE("a wrong row of the catalogue is refused with the reason") {
  struct Row {
    const char *key, *line, *problem;
  };
  const Row rows[] = {
      {"alert", "alert: redisDown", "alert: expected a name in CamelCase, got \"redisDown\"\n"},
      {"alert", "alert: RedisTLS", "alert: expected a name in CamelCase, got \"RedisTLS\"\n"},
      {"severity", "severity: page", "severity: expected one of critical, warning, none, got \"page\"\n"},
      {"severity", "# none", "\"severity\" is required\n"},
      {"runbook", "runbook: redis_down", "runbook: expected \"redis-down\"\n"},
      {"signal", "signal: {}",
       "signal: expected exactly one of check, value, ratio, age, remaining, reason, increase, share, "
       "quantile, flips, count, always, stale\n"},
      {"signal", "signal: {check: ping, stale: true}",
       "signal: expected exactly one of check, value, ratio, age, remaining, reason, increase, share, "
       "quantile, flips, count, always, stale\n"},
      {"signal", "signal: {value: healthd_x}", "this signal needs a threshold: one of `above` and `below`\n"},
      {"signal", "signal: {check: []}", "check: expected one or more names of a-z, 0-9 and _\n"},
      {"above", "above: 5", "this signal has no threshold\n"},
      {"windowed", "windowed: true\n    for: 1m", "for: a windowed alert fires by the probe's window\n"},
      {"summary", "summary: \"{probe} is down.\"",
       "summary: expected one fixed sentence without placeholders\n"},
      {"description", "description: \"{prob} is down.\"",
       "description: this alert has no {prob}; did you mean \"probe\"?\n"},
      {"description", "description: \"{probe}: {value}.\"", "description: this alert has no {value}\n"},
      {"description", "description: \"{probe is down.\"", "description: a brace without its other half\n"},
      {"descriptoin", "descriptoin: x", "unknown key \"descriptoin\"; did you mean \"description\"?\n"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.line);
    const auto found = problems_with(row.key, row.line);
    CHECK(found.starts_with(row.problem));
  }
}

TEST_CASE("a signal may look at the samples with one label value, and with no more than one") {
  const auto problems = [](const std::string& signal) {
    return problems_with("signal", "signal: " + signal + "\n    above: 0");
  };
  CHECK(problems("{value: healthd_x, match: {state: down}}").empty());
  const std::string one = "match: expected one label and its value, such as {state: down}\n";
  CHECK(problems("{value: healthd_x, match: {}}") == one);
  CHECK(problems("{value: healthd_x, match: {state: down, worker: a}}") == one);
  for (const auto* wrong : {"down", "[state, down]", "{state: [down]}", "{state: {is: down}}"}) {
    CAPTURE(wrong);
    CHECK_FALSE(problems("{value: healthd_x, match: " + std::string{wrong} + "}").empty());
  }
  CHECK(problems("{age: {metric: healthd_x_timestamp_seconds}, match: {state: down}}")
            .starts_with("unknown key \"match\""));
}

TEST_CASE("a name that stands twice in the catalogue is refused") {
  const std::string row =
      "  - {alert: RedisDown, severity: critical, component: redis, signal: {check: ping}, summary: S., "
      "description: D.}\n";
  Problems problems;
  load_alert_rules("alerts:\n" + row + row, "a.yaml", problems);
  CHECK(test::lines(problems) == "a.yaml:3:13: alert: \"RedisDown\" is taken already\n");
}

TEST_CASE("an empty catalogue is refused") {
  Problems problems;
  load_alert_rules("alerts: []\n", "a.yaml", problems);
  CHECK(problems.has_errors());
}
