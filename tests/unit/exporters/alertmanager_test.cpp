#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "exporters/text.hpp"
#include "tests/unit/exporters/notifier_bench.hpp"
#include "tests/unit/exporters/scripted_http.hpp"

namespace healthd::test {
namespace {

using nlohmann::json;

std::string urls(const std::string& url, const std::string& more = "") {
  return "urls: [\"" + url + "\"]\n" + more;
}

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

TEST_CASE("a message that is refused for one alert is sent again alert by alert") {
  for (const int status : {400, 422}) {
    const auto fine = ScriptedHttp::answer(200);
    const auto bad = ScriptedHttp::answer(status, "", "start time must be before end time");
    ScriptedHttp server{{bad, fine, bad, fine}};
    NotifierBench bench{make_alertmanager, urls(server.url())};

    const auto delivery = bench.send({firing("A"), firing("B"), firing("C")});

    CHECK(delivery.kind == Delivery::Kind::rejected);
    CHECK(delivery.detail.find("B: HTTP " + std::to_string(status)) != std::string::npos);
    const auto& seen = server.seen();
    REQUIRE(seen.size() == 4);
    CHECK(json::parse(seen[3].body)[0]["labels"]["alertname"] == "C");
  }
}

TEST_CASE("many alerts go in messages of at most 64") {
  const auto fine = ScriptedHttp::answer(200);
  ScriptedHttp server{{fine, fine, fine}};
  NotifierBench bench{make_alertmanager, urls(server.url())};

  CHECK(bench.send(std::vector<Alert>(130, firing())).kind == Delivery::Kind::sent);

  std::vector<std::size_t> sizes;
  for (const auto& seen : server.seen()) sizes.push_back(json::parse(seen.body).size());
  CHECK(sizes == std::vector<std::size_t>{64, 64, 2});
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
