#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "probes/net/base64.hpp"
#include "probes/net/pidbox.hpp"

using namespace healthd;
using nlohmann::json;

namespace {

/// A message as a real worker or client of Celery sent it.
std::string captured(const std::string& name) {
  const std::ifstream file{std::string{HEALTHD_SOURCE_DIR} + "/tests/data/celery/" + name};
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string reply_with(const json& body, const std::string& type = "application/json") {
  const json message{{"body", base64_encode(body.dump())},
                     {"content-type", type},
                     {"headers", {{"ticket", "t"}}},
                     {"properties", {{"body_encoding", "base64"}}}};
  return message.dump();
}

}  // namespace

TEST_CASE("a request has the same fields as one that Celery itself sends") {
  const auto theirs = json::parse(captured("request_ping.json"));
  const auto body = json::parse(*base64_decode(theirs["body"].get<std::string>()));
  PidboxRequest request;
  request.method = "ping";
  request.ticket = body["ticket"];
  request.reply_id = body["reply_to"]["routing_key"];
  request.expires = std::chrono::system_clock::now();
  auto ours = json::parse(encode_request(request));
  CHECK(json::parse(*base64_decode(ours["body"].get<std::string>())) == body);
  CHECK(ours["headers"]["clock"] == 1);
  CHECK(ours["properties"]["delivery_tag"] != theirs["properties"]["delivery_tag"]);
  for (const auto* changing : {"/body", "/headers/expires", "/properties/delivery_tag"})
    ours[json::json_pointer{changing}] = theirs[json::json_pointer{changing}];
  CHECK(ours == theirs);
}

TEST_CASE("a worker's pong is read with its ticket and its node") {
  const auto reply = decode_reply(captured("reply_ping.json"));
  REQUIRE(reply);
  CHECK(reply->ticket == "6fdfb6a0-e6f1-4af7-843e-66bccde006a1");
  CHECK(reply->node == "p1@test");
}

TEST_CASE("a worker's statistics are read for one task") {
  const auto reply = decode_reply(captured("reply_stats.json"));
  REQUIRE(reply);
  const auto stats = decode_stats(*reply, "t.sleep");
  REQUIRE(stats);
  CHECK(stats->pid == 27917);
  CHECK(stats->started == 1);
  CHECK(stats->knows_task);
  const auto other = decode_stats(*reply, "reports.scheduler");
  REQUIRE(other);
  CHECK(other->started == 0);
  CHECK_FALSE(other->knows_task);
}

TEST_CASE("a reply in pickle counts, without a name") {
  const auto reply = decode_reply(reply_with("x", "application/x-python-serialize"));
  REQUIRE(reply);
  CHECK(reply->node.empty());
  CHECK_FALSE(decode_stats(*reply, "t"));
}

TEST_CASE("a worker that failed to answer has no statistics") {
  const auto reply = decode_reply(reply_with({{"node", {{"error", "KeyError('stats')"}}}}));
  REQUIRE(reply);
  CHECK(reply->node == "node");
  CHECK_FALSE(decode_stats(*reply, "t"));
}

TEST_CASE("what is no reply is dropped") {
  for (const auto* text :
       {"", "x", "[]", "{}", "{\"headers\": 1}", "{\"headers\": {\"ticket\": 7}}", "\xff\xfe"})
    CHECK_FALSE(decode_reply(text));
}

TEST_CASE("a reply that is nested without end costs nothing but itself") {
  const auto deep = "{\"n\": " + std::string(300'000, '[') + std::string(300'000, ']') + "}";
  const json message{{"body", deep},
                     {"content-type", "application/json"},
                     {"headers", {{"ticket", "t"}}},
                     {"properties", json::object()}};
  CHECK(decode_reply(message.dump()));
}

TEST_CASE("base64 is read as written, and refused when damaged") {
  for (const auto* text : {"", "a", "ab", "abc", "abcd", "\xff\xfe\xfd"})
    CHECK(base64_decode(base64_encode(text)) == text);
  CHECK(base64_encode("ab") == "YWI=");
  for (const auto* text : {"YWI", "Y===", "YW!=", "=YWI", "YW=I"}) CHECK_FALSE(base64_decode(text));
}
