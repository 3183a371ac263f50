#include "probes/net/inspect.hpp"

#include "tests/unit/probes/celery_samples.hpp"

using namespace healthd;
using namespace healthd::celery_samples;
using nlohmann::json;

namespace {

PidboxReply answer(const json& value) { return {"t", "p1@test", value.dump()}; }

/// What one worker answered, without its name.
json answered(const std::string& name) { return captured_json(name)["p1@test"]; }

BrokerView broker_with(const std::string& member, const json& value) {
  auto stats = answered("answer_stats.json");
  stats["broker"][member] = value;
  return decode_pool(answer(stats))->broker;
}

MessageDates task_with(const std::string& header, const json& value) {
  auto task = captured_json("task.json");
  task["headers"][header] = value;
  return decode_dates(task.dump());
}

}  // namespace

TEST_CASE("a worker's statistics tell its pool") {
  const auto pool = decode_pool(*decode_reply(captured("reply_stats.json")));
  REQUIRE(pool);
  CHECK(pool->pid == 27917);
  CHECK(pool->uptime == 8);
  CHECK(pool->concurrency == 1);
  CHECK_FALSE(pool->solo);
  CHECK_FALSE(pool->hard_limit);
}

TEST_CASE("a pool of its own process is solo, whether it is named or not") {
  auto stats = answered("answer_stats.json");
  stats["pool"]["implementation"] = "celery.concurrency.solo:TaskPool";
  CHECK(decode_pool(answer(stats))->solo);
  stats["pool"].erase("implementation");
  CHECK_FALSE(decode_pool(answer(stats))->solo);
  stats["pool"]["processes"] = {27917};
  CHECK(decode_pool(answer(stats))->solo);
  stats["pool"]["processes"] = {27917, 27918};
  CHECK_FALSE(decode_pool(answer(stats))->solo);
}

TEST_CASE("the hard time limit is told where there is one") {
  auto stats = answered("answer_stats.json");
  stats["pool"]["timeouts"] = {60, 90.5};
  CHECK(decode_pool(answer(stats))->hard_limit == 90.5);
  for (const json& none : {json({60, 0}), json::array(), json({60}), json({60, nullptr}), json("60")}) {
    stats["pool"]["timeouts"] = none;
    CHECK_FALSE(decode_pool(answer(stats))->hard_limit);
  }
}

TEST_CASE("a worker without options of its own leaves all of them open") {
  const auto broker = decode_pool(answer(answered("answer_stats.json")))->broker;
  CHECK(broker.database == 0);
  CHECK_FALSE(broker.key_prefix);
  CHECK_FALSE(broker.separator);
  CHECK_FALSE(broker.steps);
  CHECK_FALSE(broker.visibility_timeout);
  CHECK_FALSE(broker.fanout_prefix);
  CHECK_FALSE(broker.fanout_patterns);
}

TEST_CASE("a worker's options for the broker are read as it was configured") {
  const auto broker = broker_with("transport_options", {{"global_keyprefix", "ss:"},
                                                        {"sep", ":"},
                                                        {"priority_steps", {0, 5}},
                                                        {"visibility_timeout", 77},
                                                        {"fanout_prefix", "/x."},
                                                        {"fanout_patterns", false}});
  CHECK(broker.key_prefix == "ss:");
  CHECK(broker.separator == ":");
  CHECK(broker.steps == std::vector{0, 5});
  CHECK(broker.visibility_timeout == 77);
  CHECK(broker.fanout_prefix == "/x.");
  CHECK(broker.fanout_patterns == false);
  CHECK(broker_with("transport_options", {{"fanout_prefix", true}}).fanout_prefix == "true");
  CHECK(broker_with("transport_options", {{"fanout_prefix", false}}).fanout_prefix == "false");
}

TEST_CASE("the database is read however the broker's URL writes it") {
  for (const json& third : {json("3"), json("/3"), json(3)})
    CHECK(broker_with("virtual_host", third).database == 3);
  for (const json& first : {json(""), json("/"), json("0")})
    CHECK(broker_with("virtual_host", first).database == 0);
  for (const json& none : {json("run/redis.sock"), json("-1"), json("3 "), json("99999999999"), json(-1),
                           json(1e300), json(nullptr), json(2.5), json::array()})
    CHECK_FALSE(broker_with("virtual_host", none).database);
}

TEST_CASE("options of another type are as good as not told") {
  for (const json& odd : {json(nullptr), json(-1), json(json::object()), json({"a"}), json({-1}),
                          json({1e300}), json({4294967296LL}), json(std::vector<int>(1000))}) {
    json options;
    for (const auto* name : {"global_keyprefix", "sep", "priority_steps", "visibility_timeout",
                             "fanout_prefix", "fanout_patterns"})
      options[name] = odd;
    const auto broker = broker_with("transport_options", options);
    CHECK_FALSE(broker.key_prefix);
    CHECK_FALSE(broker.separator);
    CHECK_FALSE(broker.steps);
    CHECK_FALSE(broker.visibility_timeout);
    CHECK_FALSE(broker.fanout_prefix);
    CHECK_FALSE(broker.fanout_patterns);
  }
}

TEST_CASE("statistics with impossible numbers are read without them") {
  auto stats = answered("answer_stats.json");
  for (const json& odd :
       {json(-5), json(1e300), json(18446744073709551615ULL), json("many"), json(nullptr)}) {
    stats["pool"]["max-concurrency"] = odd;
    stats["pool"]["processes"] = {odd};
    stats["uptime"] = "long";
    const auto pool = decode_pool(answer(stats));
    REQUIRE(pool);
    CHECK(pool->concurrency == 0);
    CHECK(pool->uptime == 0);
    CHECK_FALSE(pool->solo);
  }
  stats["pool"] = "N/A";  // as of a worker that only starts
  CHECK(decode_pool(answer(stats))->concurrency == 0);
  stats["pid"] = 1e300;
  CHECK_FALSE(decode_pool(answer(stats)));
}

TEST_CASE("running and reserved tasks are told with their queue, and running ones with their start") {
  const auto active = decode_tasks(answer(answered("answer_active.json")));
  REQUIRE((active && active->size() == 1));
  CHECK(active->front().id == "a5d4c473-3d46-4073-af57-ef743ae3b5c3");
  CHECK(active->front().name == "t.sleep");
  CHECK(active->front().queue == "celery");
  CHECK(active->front().started == 1795402201.2356694);
  const auto reserved = decode_tasks(answer(answered("answer_reserved.json")));
  REQUIRE((reserved && reserved->size() == 1));
  CHECK(reserved->front().id == "0513aa44-8aa8-44ba-a96c-a111e91e96f3");
  CHECK_FALSE(reserved->front().started);
}

TEST_CASE("a task with odd members is still a task") {
  const auto tasks = decode_tasks(
      answer({{{"id", 5}, {"time_start", 1e300}}, {{"delivery_info", "x"}, {"time_start", -1}}}));
  REQUIRE((tasks && tasks->size() == 2));
  for (const auto& task : *tasks) {
    CHECK(task.id.empty());
    CHECK(task.queue.empty());
    CHECK_FALSE(task.started);
  }
}

TEST_CASE("an idle worker has no tasks, which is not the same as no answer") {
  CHECK(decode_tasks(answer(json::array()))->empty());
  CHECK_FALSE(decode_tasks(answer({{"error", "KeyError('active')"}})));
  CHECK_FALSE(decode_tasks(answer({1, 2})));
  CHECK_FALSE(decode_tasks({"t", "", ""}));
}

TEST_CASE("of tasks and queues without end a thousand are kept") {
  CHECK(decode_tasks(answer(json(2500, json::object())))->size() == 1000);
  CHECK(decode_queues(answer(json(2500, {{"name", "q"}})))->size() == 1000);
}

TEST_CASE("the queues of a worker are told by name") {
  CHECK(decode_queues(answer(answered("answer_active_queues.json"))) == std::vector<std::string>{"celery"});
}

TEST_CASE("a worker without a queue is told from one whose answer is not understood") {
  CHECK(decode_queues(answer(json::array()))->empty());
  for (const json& odd :
       {json({{"error", "x"}}), json({1}), json({{{"name", 5}}}), json({{{"name", ""}}}), json("x")})
    CHECK_FALSE(decode_queues(answer(odd)));
}

TEST_CASE("a message says when it was sent where the application stamps it") {
  CHECK(task_with("healthd_sent_at", 1795402201.5).stamped == 1795402201.5);
  for (const json& odd : {json("1795402201"), json(-1), json(0), json(1e300), json(nullptr), json(true)})
    CHECK_FALSE(task_with("healthd_sent_at", odd).stamped);
}

TEST_CASE("a usual message has no date and was never handed back") {
  for (const auto* name : {"task.json", "unacked.json"}) {
    const auto dates = decode_dates(captured(name));
    CHECK_FALSE(dates.stamped);
    CHECK_FALSE(dates.redelivered);
    CHECK_FALSE(dates.eta);
  }
}

TEST_CASE("a message that was handed back says so in either place, queued or delivered") {
  CHECK(task_with("redelivered", true).redelivered);
  CHECK_FALSE(task_with("redelivered", 1).redelivered);
  auto entry = captured_json("unacked.json");
  entry[0]["properties"]["delivery_info"]["redelivered"] = true;
  CHECK(decode_dates(entry.dump()).redelivered);
}

TEST_CASE("a date in the future is read as Python writes it") {
  const double noon = 1795435200;
  CHECK(task_with("eta", "2026-11-23T12:00:00+00:00").eta == noon);
  CHECK(task_with("eta", "2026-11-23T12:00:00").eta == noon);
  CHECK(task_with("eta", "2026-11-23T12:00:00Z").eta == noon);
  CHECK(task_with("eta", "2026-11-23 17:30:00+05:30").eta == noon);
  CHECK(task_with("eta", "2026-11-23T04:00:00-0800").eta == noon);
  CHECK(task_with("eta", "2026-11-23T12:00:00.250000+00:00").eta == noon + 0.25);
  CHECK(task_with("eta", "2024-02-29T00:00:00").eta == 1709164800);
}

TEST_CASE("what is no date is none") {
  for (const auto* odd :
       {"", "now", "2026-11-23", "2026-13-01T00:00:00", "2025-02-29T00:00:00", "2026-00-10T00:00:00",
        "2026-11-23T24:00:00", "2026-11-23T12:60:00", "2026-11-23T12:00", "2026-11-23T12:00:00+",
        "2026-11-23T12:00:00x", "2026-11-23T12:00:00+00:00 ", "-026-11-23T12:00:00", "2026-1-023T12:00:00",
        "2026-11-23T12:00:00+25:00"})
    CHECK_FALSE(task_with("eta", odd).eta);
  CHECK_FALSE(task_with("eta", 1795435200).eta);
  CHECK_FALSE(task_with("eta", "2026-11-23T12:00:00." + std::string(100'000, '9') + "x").eta);
}

TEST_CASE("no answer of a worker and no queued message does harm") {
  for (const auto& text : nonsense()) {
    const PidboxReply reply{"t", "w", text};
    decode_pool(reply);
    decode_tasks(reply);
    decode_queues(reply);
    const auto dates = decode_dates(text);
    CHECK_FALSE(dates.stamped);
    CHECK_FALSE(dates.redelivered);
    CHECK_FALSE(dates.eta);
  }
}
