#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/exporters/notifier_bench.hpp"
#include "tests/unit/exporters/scripted_http.hpp"
#include "tests/unit/exporters/secret_file.hpp"

namespace healthd::test {
namespace {

using nlohmann::json;

std::string hook(const std::string& url) { return "url: \"" + url + "\"\n"; }

/// The message that these alerts become.
json message(const std::vector<Alert>& alerts) {
  ScriptedHttp server{{ScriptedHttp::answer(200)}};
  NotifierBench bench{make_webhook, hook(server.url())};
  REQUIRE(bench.send(alerts).kind == Delivery::Kind::sent);
  return json::parse(server.seen().at(0).body);
}

std::string key_of(const std::vector<Alert>& alerts) {
  ScriptedHttp server{{ScriptedHttp::answer(200)}};
  NotifierBench bench{make_webhook, hook(server.url())};
  bench.send(alerts);
  const std::string head = server.seen().at(0).head;
  const auto begin = head.find("Idempotency-Key: ") + 17;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

TEST_CASE("a firing alert is posted in Alertmanager's webhook format") {
  ScriptedHttp server{{ScriptedHttp::answer(200)}};
  NotifierBench bench{make_webhook, hook(server.url("/hook?team=bi"))};

  REQUIRE(bench.send({firing()}).kind == Delivery::Kind::sent);

  const auto& seen = server.seen().at(0);
  CHECK(seen.has("POST /hook?team=bi HTTP/1.1"));
  CHECK(seen.has("Content-Type: application/json"));
  const auto body = json::parse(seen.body);
  CHECK(body["version"] == "4");
  CHECK(body["status"] == "firing");
  CHECK(body["receiver"] == "oncall");
  CHECK(body["groupKey"] == R"({}:{alertname="PostgresDown", stack="production"})");
  CHECK(body["groupLabels"] == json{{"alertname", "PostgresDown"}, {"stack", "production"}});
  CHECK(body["truncatedAlerts"] == 0);
  const auto& alert = body["alerts"].at(0);
  CHECK(alert["status"] == "firing");
  CHECK(alert["labels"]["component"] == "postgres");
  CHECK(alert["annotations"]["runbook_url"] == "https://ops.example.com/runbooks/pg");
  CHECK(alert["endsAt"] == "0001-01-01T00:00:00Z");
  CHECK(alert["fingerprint"] == fingerprint(firing().labels));
  CHECK(alert["generatorURL"] == "https://ops.example.com/#metadata");
}

TEST_CASE("a group fires while one of its alerts does, and shows what its alerts have in common") {
  const auto body = message({firing("PostgresDown"), resolved("RedisDown")});

  CHECK(body["status"] == "firing");
  CHECK(body["alerts"].size() == 2);
  CHECK(body["alerts"][1]["status"] == "resolved");
  CHECK_FALSE(body["commonLabels"].contains("alertname"));
  CHECK(body["commonLabels"]["stack"] == "production");
  CHECK(body["groupKey"] == R"({}:{stack="production"})");
  CHECK(message({resolved()})["status"] == "resolved");
}

TEST_CASE("the same message has the same key, and another firing or the end of it has another") {
  const std::chrono::system_clock::time_point moment{1'700'000'000'123ms};
  auto alert = firing();
  auto other = firing("RedisDown");
  alert.starts_at = other.starts_at = moment;
  auto again = alert;
  again.starts_at += 1s;
  auto over = resolved();
  over.starts_at = moment;

  CHECK(key_of({alert}) == fingerprint(alert.labels) + "/1700000000123/firing");
  CHECK(key_of({alert}) != key_of({again}));
  CHECK(key_of({alert}) != key_of({over}));
  CHECK(key_of({alert, other}) == key_of({other, alert}));
}

TEST_CASE("the key of a message does not depend on what is counted since our own start") {
  auto before = firing();
  auto after = before;
  after.sequence = 1;
  CHECK(key_of({before}) == key_of({after}));
  after.starts_at += 1min;
  CHECK(key_of({before}) != key_of({after}));
}

TEST_CASE("broken and boundless texts arrive as valid JSON of a bounded size") {
  auto alert = firing();
  alert.annotations["evidence"] = "\xff\xfe\x01 broken";
  alert.annotations["description"] = std::string(1'000'000, 'x');

  const auto body = message({alert});

  CHECK(body.dump().size() < 20'000);
  CHECK(body["alerts"][0]["annotations"]["description"].get<std::string>().size() <= 4096);
}

TEST_CASE("a URL from a file is a secret: it is used, and never shown") {
  ScriptedHttp server{{ScriptedHttp::answer(404, "", "no hook /s3cret/token")}};
  const SecretFile file{server.url("/s3cret/token")};
  NotifierBench bench{make_webhook, "url_file: " + file.path() + "\n"};
  REQUIRE(bench.problems().empty());

  const auto delivery = bench.send({firing()});

  CHECK(delivery.detail.find("s3cret") == std::string::npos);
  CHECK(delivery.detail.find("404") != std::string::npos);
  CHECK(server.seen().at(0).has("POST /s3cret/token"));
}

TEST_CASE("a URL from a file that is no URL is refused without being repeated") {
  const SecretFile file{"s3cret"};
  NotifierBench bench{make_webhook, "url_file: " + file.path() + "\n"};

  REQUIRE(bench.problems().size() == 1);
  CHECK(to_string(bench.problems()[0]).find("s3cret") == std::string::npos);
}

TEST_CASE("a webhook needs one URL") {
  CHECK(NotifierBench{make_webhook, "tls: {}\n"}.problems().size() >= 1);
  const SecretFile file{"http://127.0.0.1:1/"};
  const NotifierBench both{make_webhook, "url: \"http://127.0.0.1:1/\"\nurl_file: " + file.path() + "\n"};
  REQUIRE_FALSE(both.problems().empty());
  CHECK(both.problems()[0].message.find("not both") != std::string::npos);
}

TEST_CASE("a webhook tells a thing once") {
  NotifierBench bench{make_webhook, hook("http://127.0.0.1:1/")};
  CHECK_FALSE(bench.notifiers().at(0)->manners().resend);
  CHECK(bench.notifiers().at(0)->name() == "oncall");
}

}  // namespace healthd::test
