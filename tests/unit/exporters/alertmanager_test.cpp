#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "exporters/text.hpp"
#include "tests/unit/exporters/notifier_bench.hpp"
#include "tests/unit/exporters/scripted_http.hpp"

namespace healthd::test {
namespace {

using nlohmann::json;

/// An Alertmanager that is not asked when it started.
std::string urls(const std::string& url, const std::string& more = "") {
  return "urls: [\"" + url + "\"]\nreplay: false\n" + more;
}

/// What an Alertmanager that started then says about itself.
std::string started(const std::string& when) {
  return ScriptedHttp::answer(200, "", R"({"uptime": ")" + when + R"("})");
}

constexpr const char* replaying = "replay: true\nreplay_wait: 45s\n";
std::string with_replay(const std::string& url) { return "urls: [\"" + url + "\"]\n" + replaying; }

json message(const std::vector<Alert>& alerts, const std::string& more = "") {
  ScriptedHttp server{{ScriptedHttp::answer(200)}};
  NotifierBench bench{make_alertmanager, urls(server.url(), more)};
  REQUIRE(bench.send(alerts).kind == Delivery::Kind::sent);
  return json::parse(server.seen().at(0).body);
}

/// RFC 3339 in UTC sorts as text.
std::string in(std::chrono::seconds span) { return rfc3339(std::chrono::system_clock::now() + span); }

}  // namespace

TEST_CASE("alerts are posted to the version 2 API below the configured URL") {
  ScriptedHttp server{{ScriptedHttp::answer(200)}};
  NotifierBench bench{make_alertmanager, urls(server.url("/alerting/"))};

  REQUIRE(bench.send({firing()}).kind == Delivery::Kind::sent);

  const auto& seen = server.seen().at(0);
  CHECK(seen.has("POST /alerting/api/v2/alerts HTTP/1.1"));
  CHECK(seen.has("Content-Type: application/json"));
  const auto body = json::parse(seen.body);
  REQUIRE(body.size() == 1);
  CHECK(body[0]["labels"]["alertname"] == "PostgresDown");
  CHECK(body[0]["annotations"]["runbook_url"] == "https://ops.example.com/runbooks/pg");
  CHECK(body[0]["generatorURL"] == "https://ops.example.com/#metadata");
}

TEST_CASE("a firing alert outlives two lost messages") {
  const auto usual = message({firing()})[0]["endsAt"].get<std::string>();
  CHECK(usual > in(175s));
  CHECK(usual <= in(180s));
  const auto slow = message({firing()}, "resend: 2m\n")[0]["endsAt"].get<std::string>();
  CHECK(slow > in(475s));
  CHECK(slow <= in(480s));
}

TEST_CASE("a resolved alert ends when it ended, whatever the clocks did") {
  const auto alert = resolved();
  const auto body = message({alert});
  CHECK(body[0]["startsAt"] == rfc3339(alert.starts_at));
  CHECK(body[0]["endsAt"] == rfc3339(*alert.ends_at));

  auto confused = resolved();
  confused.starts_at = std::chrono::system_clock::now() + 1h;
  confused.ends_at = std::chrono::system_clock::now() - 1h;
  const auto mended = message({confused})[0];
  CHECK(mended["startsAt"].get<std::string>() <= in(0s));
  CHECK(mended["endsAt"].get<std::string>() <= in(0s));
  CHECK(mended["startsAt"].get<std::string>() <= mended["endsAt"].get<std::string>());
}

TEST_CASE("a link that Alertmanager would refuse is left out") {
  for (const auto* link : {"not a url", "/relative", "http://a b/", ""}) {
    auto alert = firing();
    alert.generator_url = link;
    CHECK_FALSE(message({alert})[0].contains("generatorURL"));
  }
}

TEST_CASE("after a 400 each alert is sent singly, and the refused one without what may be wrong with it") {
  const auto fine = ScriptedHttp::answer(200);
  const auto bad = ScriptedHttp::answer(400, "", "start time must be before end time");
  ScriptedHttp server{{bad, fine, bad, bad, fine}};
  NotifierBench bench{make_alertmanager, urls(server.url())};

  const auto answers = bench.tell({{.alert = firing("A")}, {.alert = firing("B")}, {.alert = firing("C")}});

  CHECK(answers[0].kind == Delivery::Kind::sent);
  CHECK(answers[1].kind == Delivery::Kind::rejected);
  CHECK(answers[1].detail.find("B: HTTP 400") != std::string::npos);
  CHECK(answers[2].kind == Delivery::Kind::sent);
  const auto& seen = server.seen();
  REQUIRE(seen.size() == 5);
  const auto bare = json::parse(seen[3].body)[0];
  CHECK_FALSE(bare.contains("generatorURL"));
  CHECK(bare["annotations"] == json{{"summary", "PostgreSQL is down"}});
  CHECK(json::parse(seen[4].body)[0]["labels"]["alertname"] == "C");
}

TEST_CASE("after a 422, which stores nothing, the message is halved until the bad alert is alone") {
  const auto fine = ScriptedHttp::answer(200);
  const auto bad = ScriptedHttp::answer(422, "", "generatorURL must be of type uri");
  ScriptedHttp server{{bad, fine, bad, bad, fine, fine}};
  NotifierBench bench{make_alertmanager, urls(server.url())};

  const auto answers = bench.tell(
      {{.alert = firing("A")}, {.alert = firing("B")}, {.alert = firing("C")}, {.alert = firing("D")}});

  for (const auto& answer : answers) CHECK(answer.kind == Delivery::Kind::sent);
  CHECK(answers[2].detail.find("C: sent without link and annotations") != std::string::npos);
  const auto& seen = server.seen();
  REQUIRE(seen.size() == 6);
  CHECK(json::parse(seen[1].body).size() == 2);
  CHECK(json::parse(seen[5].body)[0]["labels"]["alertname"] == "D");
}

TEST_CASE("an Alertmanager that has restarted since it was told hears of the alert before its end") {
  const auto fine = ScriptedHttp::answer(200);
  ScriptedHttp server{
      {started("monday"), fine, started("tuesday"), fine, started("tuesday"), started("tuesday"), fine}};
  const auto yaml = "urls: [\"" + server.url() + "\"]\nreplay_wait: 1s\n";
  NotifierBench bench{make_alertmanager, yaml};

  const auto told = bench.tell({{.alert = firing()}}).at(0);
  CHECK(told.kind == Delivery::Kind::sent);
  CHECK(told.receipt == "monday");

  auto anew = bench.tell({{.alert = resolved(), .receipt = told.receipt}}).at(0);
  CHECK(anew.kind == Delivery::Kind::retry);
  CHECK(anew.reason.empty());
  CHECK(anew.retry_after == 1s);

  // A stop or a restart of ours asks too early: nothing is told, and the wait is not begun anew.
  NotifierBench after_restart{make_alertmanager, yaml};
  const auto early = after_restart.tell({{.alert = resolved(), .receipt = anew.receipt}}).at(0);
  CHECK(early.kind == Delivery::Kind::retry);
  CHECK(early.receipt == anew.receipt);

  const auto began = std::chrono::system_clock::now();
  while (std::chrono::system_clock::now() - began < 1100ms) std::this_thread::yield();
  const auto over = after_restart.tell({{.alert = resolved(), .receipt = anew.receipt}}).at(0);
  CHECK(over.kind == Delivery::Kind::sent);
  CHECK(over.receipt == "ended");

  const auto& seen = server.seen();
  REQUIRE(seen.size() == 7);
  CHECK(seen[2].has("GET /api/v2/status HTTP/1.1"));
  CHECK(json::parse(seen[3].body)[0]["endsAt"].get<std::string>() > in(100s));
  CHECK(json::parse(seen[6].body)[0]["endsAt"].get<std::string>() <= in(0s));
}

TEST_CASE("an end that was taken is not told anew by a firing, whatever restarts") {
  const auto fine = ScriptedHttp::answer(200);
  ScriptedHttp server{{started("monday"), fine, fine}};
  NotifierBench bench{make_alertmanager, with_replay(server.url())};

  const auto over = bench.tell({{.alert = resolved(), .receipt = "monday"}}).at(0);
  REQUIRE(over.kind == Delivery::Kind::sent);
  CHECK(bench.tell({{.alert = resolved(), .receipt = over.receipt}}).at(0).kind == Delivery::Kind::sent);

  const auto& seen = server.seen();
  REQUIRE(seen.size() == 3);
  CHECK(json::parse(seen[2].body)[0]["endsAt"].get<std::string>() <= in(0s));
}

TEST_CASE("while nobody knows whether Alertmanager remembers, an end waits and a new alert does not") {
  const auto fine = ScriptedHttp::answer(200);
  ScriptedHttp server{{"", fine}};
  NotifierBench bench{make_alertmanager, with_replay(server.url())};

  const auto answers =
      bench.tell({{.alert = resolved("Old"), .receipt = "monday"}, {.alert = firing("New")}});

  CHECK(answers.at(0).kind == Delivery::Kind::retry);
  CHECK(answers.at(1).kind == Delivery::Kind::sent);
  CHECK(json::parse(server.seen().at(1).body)[0]["labels"]["alertname"] == "New");
}

TEST_CASE("a note travels as an annotation") {
  ScriptedHttp server{{ScriptedHttp::answer(200)}};
  NotifierBench bench{make_alertmanager, urls(server.url())};

  bench.tell({{.alert = firing(), .note = "Delayed by 5m."}});

  CHECK(json::parse(server.seen().at(0).body)[0]["annotations"]["note"] == "Delayed by 5m.");
}

TEST_CASE("an Alertmanager whose clock differs from ours is told, and the difference is said") {
  ScriptedHttp server{{ScriptedHttp::answer(200, "Date: Mon, 02 Jan 2023 03:04:05 GMT\r\n")}};
  NotifierBench bench{make_alertmanager, urls(server.url())};

  const auto delivery = bench.send({firing()});

  CHECK(delivery.kind == Delivery::Kind::sent);
  CHECK(delivery.detail.find("clock differs") != std::string::npos);
}

TEST_CASE("an Alertmanager that is away is tried again, not declared to refuse") {
  ScriptedHttp server{{ScriptedHttp::answer(503, "Retry-After: 5\r\n")}};
  NotifierBench bench{make_alertmanager, urls(server.url())};

  const auto delivery = bench.send({firing()});

  CHECK(delivery.kind == Delivery::Kind::retry);
  CHECK(delivery.reason == "http_5xx");
  CHECK(delivery.retry_after == 5s);
}

TEST_CASE("each Alertmanager of a receiver is a notifier of its own") {
  NotifierBench one{make_alertmanager, urls("http://127.0.0.1:1")};
  NotifierBench two{make_alertmanager,
                    "urls: [\"http://127.0.0.1:1\", \"http://127.0.0.1:2\"]\nresend: 10s\n"};

  REQUIRE(one.problems().empty());
  REQUIRE(two.problems().empty());
  CHECK(one.notifiers().at(0)->name() == "oncall");
  CHECK(one.notifiers().at(0)->manners().resend == 30s);
  REQUIRE(two.notifiers().size() == 2);
  CHECK(two.notifiers()[1]->name() == "oncall/1");
  CHECK(two.notifiers()[1]->manners().resend == 10s);
}

TEST_CASE("an Alertmanager that cannot be is a configuration error") {
  for (const auto* yaml :
       {"resend: 30s\n", "urls: []\n", "urls: [\"ftp://a\"]\n", "urls: [\"http://me@a\"]\n",
        "urls: [\"http://a\"]\nresend: 10ms\n", "urls: [\"http://a\"]\nrecend: 10s\n"}) {
    INFO(yaml);
    CHECK(NotifierBench{make_alertmanager, yaml}.problems().size() == 1);
  }
}

}  // namespace healthd::test
