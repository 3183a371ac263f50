#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/exporters/notifier_bench.hpp"
#include "tests/unit/exporters/scripted_http.hpp"
#include "tests/unit/exporters/secret_file.hpp"

namespace healthd::test {
namespace {

using nlohmann::json;

const std::string ok = ScriptedHttp::answer(200, "", "ok");

std::size_t characters(const json& text) {
  std::size_t count = 0;
  for (const char c : text.get<std::string>()) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  return count;
}

/// Slack's published limits.
void check_limits(const json& body) {
  CHECK_FALSE(body.at("text").get<std::string>().empty());
  CHECK(characters(body["text"]) <= 3000);
  CHECK(body.at("blocks").size() <= 50);
  for (const auto& block : body["blocks"]) {
    const auto type = block.at("type").get<std::string>();
    if (type == "header") CHECK(characters(block.at("text").at("text")) <= 150);
    if (type == "section" && block.contains("text")) CHECK(characters(block["text"].at("text")) <= 3000);
    if (!block.contains("fields")) continue;
    CHECK(block["fields"].size() <= 10);
    for (const auto& field : block["fields"]) CHECK(characters(field.at("text")) <= 2000);
  }
}

json body(std::vector<Message> messages) {
  ScriptedHttp server{{ok}};
  const SecretFile url{server.url("/services/T0/B0/s3cret")};
  NotifierBench bench{make_slack, "webhook_url_file: " + url.path() + "\n"};
  for (const auto& answer : bench.tell(std::move(messages))) REQUIRE(answer.kind == Delivery::Kind::sent);
  REQUIRE(server.seen().at(0).has("POST /services/T0/B0/s3cret HTTP/1.1"));
  auto made = json::parse(server.seen().at(0).body);
  check_limits(made);
  return made;
}

}  // namespace

TEST_CASE("a message begins with the state, and brings first steps, evidence and the runbook") {
  auto alert = firing();
  alert.annotations["first_steps"] = "1. Look at the log.";
  alert.annotations["evidence"] = "refused";
  const auto made = body({{.alert = alert, .note = "Delayed by 5m."}});

  CHECK(made["text"] == "FIRING: PostgresDown (metadata, production): PostgreSQL is down");
  CHECK(made["blocks"][0]["type"] == "header");
  CHECK(made["blocks"][0]["text"]["text"] == made["text"]);
  const auto all = made.dump();
  for (const auto* part : {"1. Look at the log.", "refused", "Delayed by 5m.", "firing 3 of",
                           "<https://ops.example.com/runbooks/pg|Runbook>"})
    CHECK(all.find(part) != std::string::npos);
}

TEST_CASE("each kind of message says what it is") {
  const auto state = [](Message message) {
    const auto text = body({std::move(message)})["text"].get<std::string>();
    return text.substr(0, text.find(':'));
  };
  CHECK(state({.alert = resolved()}) == "RESOLVED");
  CHECK(state({.alert = firing(), .kind = Message::Kind::reminder}) == "STILL FIRING");
  CHECK(state({.alert = firing(), .kind = Message::Kind::acknowledged}) == "ACKNOWLEDGED");
  CHECK(state({.alert = resolved(), .kind = Message::Kind::missed}) == "CAME AND WENT");
}

TEST_CASE("what a server said calls no channel and breaks no limit") {
  auto alert = firing();
  alert.annotations["summary"] = "<!channel> & <https://evil.example|here>";
  alert.annotations["evidence"] = std::string(50'000, '<') + "\xff";
  alert.annotations["description"] = std::string(50'000, '&');
  const auto made = body({{.alert = alert}});

  CHECK(made["text"].get<std::string>().find("&lt;!channel&gt; &amp; &lt;https") != std::string::npos);
  for (const auto& block : made["blocks"])
    if (block["type"] == "section") CHECK(block.dump().find("<!channel>") == std::string::npos);
}

TEST_CASE("many alerts are one list with their count on top") {
  std::vector<Message> messages;
  for (int i = 0; i < 64; ++i) messages.push_back({.alert = firing("Alert" + std::to_string(i))});
  messages.back().alert = resolved("Last");
  const auto made = body(std::move(messages));

  CHECK(made["text"] ==
        "63 FIRING, 1 RESOLVED in production: Alert0, Alert1, Alert2, Alert3, Alert4, and 59 more");
  CHECK(made.dump().find("and 24 more") != std::string::npos);
}

TEST_CASE("only the word ok is Slack's yes, and a hook that is gone is refused") {
  struct Case {
    std::string answer;
    Delivery::Kind kind;
  };
  const Case cases[] = {{ok, Delivery::Kind::sent},
                        {ScriptedHttp::answer(200, "", "<html>"), Delivery::Kind::retry},
                        {ScriptedHttp::answer(429, "Retry-After: 30\r\n"), Delivery::Kind::retry},
                        {ScriptedHttp::answer(403), Delivery::Kind::rejected},
                        {ScriptedHttp::answer(404), Delivery::Kind::rejected},
                        {ScriptedHttp::answer(410), Delivery::Kind::rejected}};
  for (const auto& [answer, kind] : cases) {
    ScriptedHttp server{{answer}};
    const SecretFile url{server.url("/s3cret")};
    NotifierBench bench{make_slack, "webhook_url_file: " + url.path() + "\n"};
    const auto delivery = bench.send({firing()});
    CHECK(delivery.kind == kind);
    CHECK(delivery.detail.find("s3cret") == std::string::npos);
  }
}

TEST_CASE("Slack needs the URL of a hook, and not in the open") {
  CHECK(NotifierBench{make_slack, "{}\n"}.problems().size() == 1);
  CHECK(NotifierBench{make_slack, "webhook_url: \"https://hooks.slack.com/x\"\n"}.problems().size() == 1);
}

}  // namespace healthd::test
