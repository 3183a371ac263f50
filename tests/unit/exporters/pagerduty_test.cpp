#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "exporters/text.hpp"
#include "tests/unit/exporters/notifier_bench.hpp"
#include "tests/unit/exporters/scripted_http.hpp"
#include "tests/unit/exporters/secret_file.hpp"

namespace healthd::test {
namespace {

using nlohmann::json;

constexpr const char* routing_key = "0123456789abcdef0123456789abcdef";

const std::string accepted = ScriptedHttp::answer(202, "", R"({"status":"success"})");

std::string pager(const ScriptedHttp& server, const SecretFile& key) {
  return "routing_key_file: " + key.path() + "\nurl: \"" + server.url("/v2/enqueue") + "\"\n";
}

json event(Message message) {
  const SecretFile key{routing_key};
  ScriptedHttp server{{accepted}};
  NotifierBench bench{make_pagerduty, pager(server, key)};
  REQUIRE(bench.tell({std::move(message)}).at(0).kind == Delivery::Kind::sent);
  REQUIRE(server.seen().at(0).has("POST /v2/enqueue HTTP/1.1"));
  return json::parse(server.seen().at(0).body);
}

/// What the published schema of an event asks for.
void check_schema(const json& event) {
  static const std::vector<std::string> actions{"trigger", "acknowledge", "resolve"};
  static const std::vector<std::string> severities{"critical", "error", "warning", "info"};
  CHECK(event.at("routing_key").get<std::string>().size() == 32);
  CHECK(std::ranges::count(actions, event.at("event_action").get<std::string>()) == 1);
  CHECK(event.at("dedup_key").get<std::string>().size() <= 255);
  if (event["event_action"] != "trigger") return;
  const auto& payload = event.at("payload");
  CHECK_FALSE(payload.at("summary").get<std::string>().empty());
  CHECK_FALSE(payload.at("source").get<std::string>().empty());
  CHECK(std::ranges::count(severities, payload.at("severity").get<std::string>()) == 1);
  for (const auto& link : event.at("links")) CHECK(link.at("href").get<std::string>().starts_with("http"));
}

}  // namespace

TEST_CASE("a firing alert triggers an incident with its runbook, first steps and evidence") {
  auto alert = firing();
  alert.annotations["first_steps"] = "1. Look at the log.";
  alert.annotations["evidence"] = "connection refused";
  alert.incident = "20261128-070312-4f1c";
  const auto made = event({.alert = alert, .note = "Delayed by 5m."});

  check_schema(made);
  CHECK(made["event_action"] == "trigger");
  CHECK(made["routing_key"] == routing_key);
  CHECK(made["dedup_key"] == "healthd:" + fingerprint(alert.labels).substr(0, 32));
  CHECK(made["payload"]["severity"] == "critical");
  CHECK(made["payload"]["summary"] == "FIRING: PostgresDown (metadata, production): PostgreSQL is down");
  CHECK(made["payload"]["timestamp"] == rfc3339(alert.starts_at));
  CHECK(made["links"][0] == json{{"href", "https://ops.example.com/runbooks/pg"}, {"text", "Runbook"}});
  const auto& details = made["payload"]["custom_details"];
  CHECK(details["first_steps"] == "1. Look at the log.");
  CHECK(details["evidence"] == "connection refused");
  CHECK(details["note"] == "Delayed by 5m.");
  CHECK(details["incident"] == "20261128-070312-4f1c");
}

TEST_CASE("acknowledging and resolving name the incident by the key that triggered it") {
  const auto trigger = event({.alert = firing()});
  const auto taken = event({.alert = firing(), .kind = Message::Kind::acknowledged});
  const auto over = event({.alert = resolved()});

  check_schema(taken);
  check_schema(over);
  CHECK(taken["event_action"] == "acknowledge");
  CHECK(over["event_action"] == "resolve");
  CHECK(taken["dedup_key"] == trigger["dedup_key"]);
  CHECK(over["dedup_key"] == trigger["dedup_key"]);
  CHECK_FALSE(over.contains("payload"));
}

TEST_CASE("an event has its bounds, whatever the alert says") {
  auto alert = firing();
  for (int i = 0; i < 1000; ++i) alert.labels["label_" + std::to_string(i)] = std::string(4096, 'x');
  alert.annotations["summary"] = std::string(100'000, 's') + "\xff";
  const auto made = event({.alert = alert});

  check_schema(made);
  CHECK(made.dump().size() <= 512'000);
  CHECK(made["payload"]["summary"].get<std::string>().size() <= 1024 + 2);
}

TEST_CASE("only 202 is PagerDuty's yes, and after a failure the rest waits") {
  struct Case {
    std::string answer;
    Delivery::Kind kind;
    std::size_t requests;
  };
  const Case cases[] = {{ScriptedHttp::answer(200, "", "<html>"), Delivery::Kind::retry, 1},
                        {ScriptedHttp::answer(429), Delivery::Kind::retry, 1},
                        {ScriptedHttp::answer(500), Delivery::Kind::retry, 1},
                        {ScriptedHttp::answer(400), Delivery::Kind::rejected, 2}};
  for (const auto& [answer, kind, requests] : cases) {
    const SecretFile key{routing_key};
    ScriptedHttp server{{answer, accepted}};
    NotifierBench bench{make_pagerduty, pager(server, key)};
    const auto answers = bench.tell({{.alert = firing("A")}, {.alert = firing("B")}});
    CHECK(answers.at(0).kind == kind);
    CHECK(answers.at(1).kind == (requests == 2 ? Delivery::Kind::sent : Delivery::Kind::retry));
    CHECK(server.seen().size() == requests);
  }
}

TEST_CASE("the routing key is never shown") {
  const SecretFile key{routing_key};
  ScriptedHttp server{{ScriptedHttp::answer(400, "", std::string{"bad key "} + routing_key)}};
  NotifierBench bench{make_pagerduty, pager(server, key)};
  CHECK(bench.send({firing()}).detail.find(routing_key) == std::string::npos);
}

TEST_CASE("PagerDuty needs a routing key, and not in the open") {
  CHECK(NotifierBench{make_pagerduty, "{}\n"}.problems().size() == 1);
  CHECK(NotifierBench{make_pagerduty, "routing_key: abc\n"}.problems().size() == 1);
}

}  // namespace healthd::test
