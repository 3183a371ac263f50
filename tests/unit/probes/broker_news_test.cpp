#include "probes/net/broker_news.hpp"

#include "tests/unit/probes/celery_samples.hpp"

using namespace healthd;
using namespace healthd::celery_samples;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr BrokerNews::Time start{1000s};
constexpr const char* results = "celery-task-meta-";
constexpr const char* events = "/0.celeryev/x";

json event(const std::string& type) { return captured_json("events.json")[type]["event"]; }

json heartbeat(const std::string& node, long long active = 0) {
  auto body = event("worker-heartbeat");
  body["hostname"] = node;
  body["active"] = active;
  return body;
}

json worker_event(const std::string& type, const std::string& node) {
  auto body = event(type);
  body["hostname"] = node;
  return body;
}

json sent(const std::string& task, const std::string& sender) {
  auto body = event("task-sent");
  body["name"] = task;
  body["hostname"] = sender;
  return body;
}

void hear(BrokerNews& news, const json& body, BrokerNews::Time at) {
  news.hear(events, message_of(body), results, at);
}

/// How often events of this type were counted.
long long count(const BrokerNews& news, std::string_view type) {
  for (std::size_t at = 0; at < BrokerNews::event_types.size(); ++at)
    if (BrokerNews::event_types[at] == type) return news.events()[at];
  return -1;
}

}  // namespace

// --- workers -----------------------------------------------------------------------------------------------

TEST_CASE("a worker's heartbeats, coming and going are kept by its name") {
  BrokerNews news;
  hear(news, worker_event("worker-online", "w1"), start);
  hear(news, heartbeat("w1", 3), start + 2s);
  hear(news, heartbeat("w2"), start + 3s);
  hear(news, worker_event("worker-offline", "w1"), start + 4s);
  REQUIRE(news.workers().size() == 2);
  const auto& first = news.workers().at("w1");
  CHECK(first.online == start);
  CHECK(first.heartbeat == start + 2s);
  CHECK(first.offline == start + 4s);
  CHECK(first.active == 3);
  CHECK(first.frequency == 2);
  CHECK_FALSE(first.version.empty());
  CHECK_FALSE(first.prompted);
}

TEST_CASE(
    "a heartbeat that we asked for proves life, and leaves load and period as the periodic ones told them") {
  BrokerNews news;
  auto rare = heartbeat("w1", 3);
  rare["freq"] = 10;
  hear(news, rare, start);
  auto asked = heartbeat("w1");
  for (const auto* load : {"active", "processed", "loadavg"}) asked.erase(load);
  asked["freq"] = 5;
  hear(news, asked, start + 1s);
  const auto& worker = news.workers().at("w1");
  CHECK(worker.prompted == start + 1s);
  CHECK(worker.heartbeat == start + 1s);
  CHECK(worker.active == 3);
  CHECK(worker.frequency == 10);
}

TEST_CASE("a worker that starts anew has the load of its predecessor no longer") {
  BrokerNews news;
  hear(news, heartbeat("w1", 4), start);
  auto online = worker_event("worker-online", "w1");
  online["pid"] = 99;
  hear(news, online, start + 1s);
  CHECK_FALSE(news.workers().at("w1").active);
  CHECK(news.workers().at("w1").pid == 99);
}

TEST_CASE("workers that were not heard of lately are forgotten, whatever was heard last") {
  BrokerNews news;
  hear(news, heartbeat("old"), start);
  hear(news, heartbeat("beats"), start + 10s);
  hear(news, worker_event("worker-offline", "left"), start + 10s);
  hear(news, worker_event("worker-online", "came"), start + 10s);
  news.forget_before(start + 10s);
  CHECK(news.workers().size() == 3);
  CHECK_FALSE(news.workers().contains("old"));
  news.forget_before(start + 11s);
  CHECK(news.workers().empty());
}

TEST_CASE("however many names are published, two hundred workers are remembered, and those stay up to date") {
  BrokerNews news;
  for (auto number = 0; number < 1000; ++number) hear(news, heartbeat("w" + std::to_string(number)), start);
  CHECK(news.workers().size() == 200);
  hear(news, heartbeat("w7", 1), start + 5s);
  CHECK(news.workers().at("w7").heartbeat == start + 5s);
}

// --- tasks -------------------------------------------------------------------------------------------------

TEST_CASE("task events are counted by type, also those that come in lists") {
  BrokerNews news;
  hear(news, sent("t.add", "gen1@web"), start);
  hear(news, json::array({event("task-started"), event("task-succeeded"), event("task-started")}), start);
  CHECK(count(news, "sent") == 1);
  CHECK(count(news, "started") == 2);
  CHECK(count(news, "succeeded") == 1);
  CHECK(count(news, "failed") == 0);
}

TEST_CASE("who sends the watched task is noted once, with the time, and nobody else's tasks are") {
  BrokerNews news;
  hear(news, sent("reports.scheduler", "gen1@beat"), start);
  CHECK(news.take_sends("reports.scheduler").empty());
  news.watch_task("reports.scheduler");
  hear(news, sent("reports.scheduler", "gen1@beat"), start + 60s);
  hear(news, sent("t.add", "gen2@web"), start + 61s);
  const auto sends = news.take_sends("reports.scheduler");
  REQUIRE(sends.size() == 1);
  CHECK(sends.front().at == start + 60s);
  CHECK(sends.front().sender == "gen1@beat");
  CHECK(news.take_sends("reports.scheduler").empty());
  news.watch_task("reports.scheduler");
  hear(news, sent("reports.scheduler", "gen1@beat"), start + 120s);
  CHECK(news.take_sends("reports.scheduler").size() == 1);
}

TEST_CASE("of sends that nobody takes the newest sixty-four are kept") {
  BrokerNews news;
  news.watch_task("t");
  for (auto number = 0; number < 1000; ++number)
    hear(news, sent("t", "gen" + std::to_string(number) + "@h"), start);
  const auto sends = news.take_sends("t");
  CHECK(sends.size() == 64);
  CHECK(sends.back().sender == "gen999@h");
}

// --- results -----------------------------------------------------------------------------------------------

TEST_CASE("results are counted by outcome, and an unknown status is another one") {
  BrokerNews news;
  for (const auto* status : {"SUCCESS", "SUCCESS", "FAILURE", "RETRY", "REVOKED", "STARTED", "OF MY OWN"})
    news.hear("celery-task-meta-1", json{{"status", status}}.dump(), results, start);
  CHECK(news.results() == std::array<long long, 5>{2, 1, 1, 1, 2});
}

TEST_CASE("only what comes by the channel of results is one, and nothing is where we do not listen to them") {
  BrokerNews news;
  const auto result = json{{"status", "SUCCESS"}}.dump();
  news.hear(events, result, results, start);
  news.hear("x" + std::string{results} + "1", result, results, start);
  news.hear("celery-task-meta-1", result, "", start);
  news.hear("celery-task-meta-1", "no result", results, start);
  CHECK(news.results() == std::array<long long, 5>{});
  // A worker may not be made up by storing a result that looks like a heartbeat.
  news.hear("celery-task-meta-1", message_of(heartbeat("w1")), results, start);
  CHECK(news.workers().empty());
}

TEST_CASE("the outcome of a task of ours is kept with its time until it is no longer wanted") {
  BrokerNews news;
  news.watch_result("mine");
  CHECK_FALSE(news.result("mine"));
  news.hear("celery-task-meta-other", R"({"status": "SUCCESS", "result": "theirs"})", results, start);
  CHECK_FALSE(news.result("mine"));
  news.hear("celery-task-meta-mine", R"({"status": "STARTED", "result": null})", results, start + 1s);
  news.hear("celery-task-meta-mine", R"({"status": "SUCCESS", "result": "nonce"})", results, start + 2s);
  REQUIRE(news.result("mine"));
  CHECK(news.result("mine")->outcome.status == "SUCCESS");
  CHECK(news.result("mine")->outcome.value == "nonce");
  CHECK(news.result("mine")->at == start + 2s);
  news.forget_result("mine");
  news.hear("celery-task-meta-mine", R"({"status": "SUCCESS", "result": "nonce"})", results, start + 3s);
  CHECK(news.results()[0] == 3);
}

TEST_CASE("nonsense on any channel changes nothing and hurts nobody") {
  BrokerNews news;
  news.watch_task("t");
  news.watch_result("1");
  for (const auto& text : nonsense())
    for (const auto* channel : {"", events, "celery-task-meta-", "celery-task-meta-1"})
      news.hear(channel, text, results, start);
  CHECK(news.workers().empty());
  CHECK(news.take_sends("t").empty());
}
