#include "probes/net/celery_events.hpp"

#include "tests/unit/probes/celery_samples.hpp"

using namespace healthd;
using namespace healthd::celery_samples;
using nlohmann::json;

namespace {

json event(const std::string& type) { return captured_json("events.json")[type]["event"]; }

std::string result(std::size_t index) { return captured_json("results.json")[index].dump(); }

}  // namespace

TEST_CASE("a heartbeat tells the worker, its process and its load") {
  const auto beat = decode_worker_event(captured("event_heartbeat.json"));
  REQUIRE(beat);
  CHECK(beat->kind == WorkerEvent::Kind::heartbeat);
  CHECK(beat->node == "p1@test");
  CHECK(beat->pid == 23485);
  CHECK(beat->frequency == 2);
  CHECK(beat->active == 0);
  CHECK(beat->version == "5.2.6");
  CHECK_FALSE(beat->prompted);
}

TEST_CASE("an answer to a heartbeat request is not taken for a periodic heartbeat") {
  auto body = event("worker-heartbeat");
  for (const auto* load : {"active", "processed", "loadavg"}) body.erase(load);
  body["freq"] = 5;
  const auto beat = decode_worker_event(message_of(body));
  REQUIRE(beat);
  CHECK(beat->prompted);
  CHECK_FALSE(beat->active);
}

TEST_CASE("a worker that starts and one that stops say so") {
  CHECK(decode_worker_event(message_of(event("worker-online")))->kind == WorkerEvent::Kind::online);
  CHECK(decode_worker_event(message_of(event("worker-offline")))->kind == WorkerEvent::Kind::offline);
  CHECK_FALSE(decode_worker_event(message_of(event("worker-offline")))->prompted);
}

TEST_CASE("only a worker with a name is a worker") {
  auto body = event("worker-heartbeat");
  body["hostname"] = "";
  CHECK_FALSE(decode_worker_event(message_of(body)));
  body.erase("hostname");
  CHECK_FALSE(decode_worker_event(message_of(body)));
  CHECK_FALSE(decode_worker_event(message_of(event("task-started"))));
}

TEST_CASE("a heartbeat with impossible numbers keeps the usual ones") {
  auto body = event("worker-heartbeat");
  for (const json& odd : {json(-1), json(1e300), json("2"), json(nullptr), json(18446744073709551615ULL)}) {
    body["pid"] = body["freq"] = body["active"] = odd;
    const auto beat = decode_worker_event(message_of(body));
    REQUIRE(beat);
    CHECK(beat->frequency > 0);
    CHECK(beat->frequency <= 86'400);
    CHECK_FALSE(beat->active);
    CHECK_FALSE(beat->prompted);
  }
}

TEST_CASE("workers send task events in lists, clients one at a time") {
  const auto received = decode_task_events(captured("event_tasks.json"));
  REQUIRE(received.size() == 1);
  CHECK(received[0].type == "received");
  CHECK(received[0].name == "t.sleep");
  CHECK(received[0].sender == "p1@test");
  const auto sent = decode_task_events(message_of(event("task-sent")));
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].type == "sent");
  CHECK(sent[0].name == "healthd.canary");
  CHECK(sent[0].sender == "gen30144@vm");
}

TEST_CASE("every kind of task event that Celery sends is known, and nothing else is one") {
  auto list =
      json::array({7, nullptr, event("worker-online"), {{"type", "task-"}}, {{"type", "task-of-mine"}}});
  for (const auto* type : {"sent", "received", "started", "succeeded", "failed", "retried", "revoked"})
    list.push_back(event(std::string{"task-"} + type));
  list.push_back({{"type", "task-rejected"}});
  const auto events = decode_task_events(message_of(list));
  REQUIRE(events.size() == 8);
  CHECK(events[2].type == "started");
  CHECK(events[2].name.empty());
  CHECK(events[7].sender.empty());
}

TEST_CASE("of a list without end the first thousand events count") {
  const json many(2500, {{"type", "task-started"}});
  CHECK(decode_task_events(message_of(many)).size() == 1000);
}

TEST_CASE("the status of a result is read, and the result is not") {
  CHECK(decode_result_status(result(0)) == "SUCCESS");
  CHECK(decode_result_status(result(1)) == "FAILURE");
  CHECK(decode_result_status(result(2)) == "REVOKED");
  // What comes after it is not even looked at.
  CHECK(decode_result_status(R"({"status": "RETRY", "result": [[[ no JSON)") == "RETRY");
}

TEST_CASE("only the status of the result itself counts, wherever it stands") {
  CHECK(decode_result_status(
            R"({"result": {"status": "inner", "a": [1, {"status": 2}]}, "status": "SUCCESS"})") == "SUCCESS");
  for (const auto* none :
       {R"({"result": {"status": "inner"}})", R"([{"status": "SUCCESS"}])", R"("status")",
        R"({"status": {"status": "inner"}})", R"({"status": ["status", "x"]})", R"({"status": 5})",
        R"({"status": null, "status": "late"})", R"({"status": "cut)", R"({"result": [)"})
    CHECK(decode_result_status(none).empty());
}

TEST_CASE("the outcome of our own task is its text, or the class of the exception") {
  const auto done = decode_outcome(result(0));
  REQUIRE(done);
  CHECK(done->status == "SUCCESS");
  CHECK(done->value == "nonce-42");
  CHECK(done->exception.empty());
  const auto unknown = decode_outcome(result(1));
  REQUIRE(unknown);
  CHECK(unknown->status == "FAILURE");
  CHECK(unknown->value.empty());
  CHECK(unknown->exception == "NotRegistered");
  CHECK(decode_outcome(result(2))->exception == "TaskRevokedError");
}

TEST_CASE("an outcome of another shape has neither text nor exception") {
  for (const auto* odd :
       {R"({"status": "SUCCESS", "result": 5})", R"({"status": "FAILURE", "result": "text"})",
        R"({"status": "FAILURE", "result": {"exc_type": ["x"]}})", R"({"status": "SUCCESS"})"}) {
    const auto outcome = decode_outcome(odd);
    REQUIRE(outcome);
    CHECK(outcome->value.empty());
    CHECK(outcome->exception.empty());
  }
  for (const auto* none : {"{}", "[]", R"({"status": ""})", R"({"status": 1})"})
    CHECK_FALSE(decode_outcome(none));
}

TEST_CASE("nothing that is published on these channels does harm") {
  for (const auto& text : nonsense()) {
    CHECK_FALSE(decode_worker_event(text));
    CHECK(decode_task_events(text).empty());
    decode_result_status(text);
    decode_outcome(text);
  }
}
