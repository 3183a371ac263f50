#include "exporters/status_json.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "sample_snapshot.hpp"

using namespace healthd;
using nlohmann::json;

TEST_CASE("the status has the promised fields with the promised types") {
  const json status = json::parse(status_json(test::stack_without_postgres()));
  CHECK(status["stack"] == "production");
  CHECK(status["state"] == "down");
  CHECK(status["version"] == "0.1.0");
  CHECK(status["uptime_seconds"] == 11520.0);
  CHECK(status["components"][2] ==
        json{{"name", "postgres"}, {"state", "down"}, {"since", "2026-11-23T12:03:04.250Z"}});
  CHECK(status["alerts"].size() == 1);

  const json& probe = status["probes"][2];
  CHECK(probe["name"] == "metadata");
  CHECK(probe["kind"] == "postgres");
  CHECK(probe["component"] == "postgres");
  CHECK(probe["status"] == "down");
  CHECK(probe["reason"] == "connect_refused");
  CHECK(probe["detail"] == "connect to 127.0.0.1:5432: connection refused");
  CHECK(probe["started_at"] == "2026-11-23T12:06:58.246Z");
  CHECK(probe["duration_seconds"] == 0.0032);
  CHECK(probe["phases"]["connect"] == 0.00031);
  CHECK_FALSE(probe["phases"].contains("auth"));
  CHECK(probe["evidence"]["last seen role"] == "primary");
  CHECK(probe["state"] == "down");
  CHECK(probe["since"] == "2026-11-23T12:03:04.250Z");
  CHECK(probe["consecutive_failures"] == 17);
  CHECK(probe["last_success_at"] == "2026-11-23T12:06:58.250Z");
}

TEST_CASE("samples are keyed as Prometheus would write them") {
  const json status = json::parse(status_json(test::healthy_stack()));
  const json& samples = status["probes"][0]["samples"];
  CHECK(samples["healthd_tls_verify_ok"] == 1.0);
  CHECK(samples["healthd_nginx_connections{state=\"waiting\"}"] == 3.0);
}

TEST_CASE("alerts carry labels, annotations, state and times") {
  const json alerts = json::parse(alerts_json(test::stack_without_postgres()));
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0]["labels"]["alertname"] == "PostgresDown");
  CHECK(alerts[0]["annotations"]["runbook_url"] == "https://ops.example.com/healthd/runbooks/postgres-down");
  CHECK(alerts[0]["state"] == "firing");
  CHECK(alerts[0]["starts_at"] == "2026-11-23T12:03:04.250Z");
  CHECK(alerts[0]["ends_at"].is_null());
  CHECK(alerts[0]["incident"].is_null());
  CHECK(alerts[0]["suppressed_by"].is_null());
}

TEST_CASE("an alert that is held back names what holds it, and its incident") {
  const json alerts = json::parse(alerts_json(test::stack_with_incident()));
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[0]["incident"] == "20261123-120304-4f1c");
  CHECK(alerts[0]["suppressed_by"].is_null());
  CHECK(alerts[1]["state"] == "suppressed");
  CHECK(alerts[1]["suppressed_by"] == "PostgresDown of metadata");
}

TEST_CASE("a probe that fails for another part's sake is suppressed") {
  Snapshot stack = test::stack_without_postgres();
  stack.probes[2].suppressed = true;
  const json status = json::parse(status_json(stack));
  CHECK(status["probes"][2]["state"] == "suppressed");
  CHECK(status["probes"][2]["status"] == "down");
}

TEST_CASE("no alert is an empty list, not null") {
  CHECK(json::parse(alerts_json(test::healthy_stack())) == json::array());
}

TEST_CASE("a probe without a result has every field, as unknown") {
  const json status = json::parse(status_json(test::fresh_start()));
  const json& probe = status["probes"][0];
  CHECK(probe["status"] == "unknown");
  CHECK(probe["started_at"].is_null());
  CHECK(probe["duration_seconds"].is_null());
  CHECK(probe["last_success_at"].is_null());
  CHECK(probe["samples"] == json::object());
}

TEST_CASE("bytes that are no UTF-8 are replaced and never thrown on") {
  const Snapshot hostile = test::hostile_stack("\xFF\xC0\"\n");
  const json status = json::parse(status_json(hostile));
  CHECK(status["probes"][0]["detail"].get<std::string>().starts_with("\xEF\xBF\xBD"));
  CHECK(json::parse(alerts_json(hostile)).is_array());
  CHECK(json::parse(probe_json(hostile.stack, hostile.probes)).is_object());
}

TEST_CASE("the one-shot output names the stack and its probes only") {
  const Snapshot stack = test::healthy_stack();
  const json output = json::parse(probe_json(stack.stack, stack.probes));
  CHECK(output["stack"] == "production");
  CHECK(output["probes"].size() == 7);
  CHECK(output["probes"][6]["name"] == "beat");
  CHECK_FALSE(output.contains("alerts"));
}
