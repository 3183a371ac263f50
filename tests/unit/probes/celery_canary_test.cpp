#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "probes/celery_canary.hpp"
#include "probes/net/base64.hpp"

using namespace healthd;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// Expires at 2026-11-23T02:07:53.084 UTC.
CanaryTask canary() {
  const std::chrono::system_clock::time_point expires{1795399673084ms};
  return {"0513aa44-8aa8-44ba-a96c-a111e91e96f3", "n1", "reports", expires, "healthd@host"};
}

json encoded(const CanaryTask& task) { return json::parse(encode_canary(task)); }

Failure judged(const TaskOutcome& outcome) { return judge_canary_task(canary(), outcome); }

}  // namespace

TEST_CASE("a canary calls a task that every Celery application has, and asks it to return the nonce") {
  const auto message = encoded(canary());
  CHECK(message["content-type"] == "application/json");
  CHECK(message["properties"]["body_encoding"] == "base64");
  CHECK(message["headers"]["task"] == "celery.accumulate");
  CHECK(message["headers"]["ignore_result"] == false);
  const auto body = json::parse(*base64_decode(message["body"].get<std::string>()));
  CHECK(body == json::parse(R"([["n1"], {"index": 0},
                                {"callbacks": null, "errbacks": null, "chain": null, "chord": null}])"));
}

TEST_CASE("a canary has the fields of a message that Celery itself sends") {
  // What Celery 5.5 wrote for a task of its own, without the headers that 5.2 does not know.
  const auto theirs =
      json::parse(R"~({"body": "", "content-encoding": "utf-8", "content-type": "application/json",
    "headers": {"lang": "py", "task": "t.sleep", "id": "I", "shadow": null, "eta": null, "expires": null,
      "group": null, "group_index": null, "retries": 0, "timelimit": [null, null], "root_id": "I",
      "parent_id": null, "argsrepr": "(4.0,)", "kwargsrepr": "{}", "origin": "gen27924@vm",
      "ignore_result": false},
    "properties": {"correlation_id": "I", "reply_to": "R", "delivery_mode": 2,
      "delivery_info": {"exchange": "", "routing_key": "reports"}, "priority": 0, "body_encoding": "base64",
      "delivery_tag": "D"}
})~");
  auto ours = encoded(canary());
  for (const auto* own : {"/headers/id", "/headers/root_id", "/properties/correlation_id"}) {
    CHECK(ours[json::json_pointer{own}] == canary().id);
    ours[json::json_pointer{own}] = "I";
  }
  CHECK(ours["headers"]["argsrepr"] == "('n1',)");
  CHECK(ours["headers"]["origin"] == "healthd@host");
  for (const auto* changing :
       {"/body", "/headers/task", "/headers/expires", "/headers/argsrepr", "/headers/kwargsrepr",
        "/headers/origin", "/properties/reply_to", "/properties/delivery_tag"})
    ours[json::json_pointer{changing}] = theirs[json::json_pointer{changing}];
  CHECK(ours == theirs);
}

TEST_CASE("a canary's expiry has its offset and microseconds, which old and new workers read alike") {
  CHECK(encoded(canary())["headers"]["expires"] == "2026-11-23T02:07:53.084000+00:00");
}

TEST_CASE(
    "a canary is the same bytes each time, so that it can be withdrawn, and each has a tag of its own") {
  CHECK(encode_canary(canary()) == encode_canary(canary()));
  auto other = canary();
  other.id = "4c1f86b5-fdb9-3f80-a008-776812055618";
  CHECK(encoded(other)["properties"]["delivery_tag"] != encoded(canary())["properties"]["delivery_tag"]);
}

TEST_CASE("a host name that is no UTF-8 does not stop the canary") {
  auto task = canary();
  task.origin = "healthd@\xff";
  CHECK(encoded(task)["headers"]["id"] == task.id);
}

TEST_CASE("only the nonce proves that a worker consumed") {
  CHECK_FALSE(judged({"SUCCESS", "n1", ""}));
  CHECK(judged({"SUCCESS", "n0", ""}).reason == Reason::protocol);
  CHECK(judged({"SUCCESS", "", ""}).reason == Reason::protocol);
}

TEST_CASE("a canary that waited longer than it may is told from one that was refused") {
  CHECK(judged({"REVOKED", "", "TaskRevokedError"}).reason == Reason::stale);
  const auto refused = judged({"FAILURE", "", "NotRegistered"});
  CHECK(refused.reason == Reason::query_error);
  CHECK(refused.detail.ends_with("NotRegistered"));
  CHECK(judged({"FAILURE", "", ""}).detail.ends_with("an exception"));
  CHECK(judged({"FAILURE", "", std::string(100'000, 'x')}).detail.size() < 200);
}

TEST_CASE("a canary that was begun and did not end is no success") {
  CHECK(judged({"STARTED", "", ""}).reason == Reason::no_reply);
  CHECK(judged({"RETRY", "n1", ""}).reason == Reason::no_reply);
}
