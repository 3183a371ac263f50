#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "probes/net/celery_names.hpp"
#include "probes/net/reply_identity.hpp"
#include "probes/with_deadline.hpp"
#include "tests/integration/celery_bench.hpp"

using namespace healthd;
using namespace healthd::test;

TEST_CASE("two workers are counted and named, and nothing of ours stays on the broker") {
  RedisServer redis;
  Celery celery{redis};
  auto first = celery.start_worker("first");
  auto second = celery.start_worker("second", "prefork");
  ProbeBench bench;
  const auto probe = make_celery_probe(bench, redis, "expected_workers: 2\n");
  // A worker calls itself ready a moment before it listens.
  REQUIRE(
      wait_until([&] { return sample_value(bench.run(*probe), "healthd_celery_worker_receivers") == 2; }));

  const auto started = std::chrono::steady_clock::now();
  const auto result = bench.run(*probe);
  INFO(result.detail);
  CHECK(result.status == Status::up);
  CHECK(std::chrono::steady_clock::now() - started < 900ms);
  CHECK(sample_value(result, "healthd_celery_workers_online") == 2);
  CHECK(sample_value(result, "healthd_celery_worker_receivers") == 2);
  CHECK(sample_value(result, "healthd_celery_workers_expected") == 2);
  CHECK(find_sample(result, "healthd_celery_worker_last_seen_timestamp_seconds", "first@test") != nullptr);
  CHECK(sample_value(result, "healthd_celery_queue_length", "celery") == 0);
  CHECK(left_over(redis).empty());

  SECTION("a frozen worker is missing, its late answer leaves no key, and thawed it is back") {
    second.signal(SIGSTOP);
    const auto missing = bench.run(*probe);
    CHECK(missing.status == Status::degraded);
    CHECK(missing.reason == Reason::no_reply);
    CHECK(sample_value(missing, "healthd_celery_workers_online") == 1);
    CHECK(sample_value(missing, "healthd_celery_worker_receivers") == 2);
    CHECK(left_over(redis).empty());
    second.signal(SIGCONT);
    CHECK(wait_until([&] { return sample_value(bench.run(*probe), "healthd_celery_workers_online") == 2; }));
    CHECK(left_over(redis).empty());
  }
  SECTION("all of them frozen is down by no_reply within the patience of one round") {
    first.signal(SIGSTOP);
    second.signal(SIGSTOP);
    const auto down = bench.run(*probe);
    CHECK(down.status == Status::down);
    CHECK(down.reason == Reason::no_reply);
    CHECK(find_check(down, "replies")->status == Status::down);
    CHECK(sample_value(down, "healthd_celery_queue_length", "celery") == 0);
    CHECK(left_over(redis).empty());
    CHECK(clients(redis) == 2);
  }
  SECTION("a run that is stopped while it waits for a frozen worker still cleans up") {
    first.signal(SIGSTOP);
    auto once = run_probe(*probe, "probe", 10s, bench.tools());
    auto stopped = with_deadline(std::move(once), Deadline::in(300ms));
    CHECK_FALSE(healthd::test::run(bench.loop(), std::move(stopped)));
    CHECK(left_over(redis).empty());
  }
  SECTION("all of them gone is known at once") {
    first.stop();
    second.stop();
    CHECK(wait_until([&] { return bench.run(*probe).reason == Reason::no_reply; }));
    const auto since = std::chrono::steady_clock::now();
    CHECK(bench.run(*probe).status == Status::down);
    CHECK(std::chrono::steady_clock::now() - since < 500ms);
  }
}

TEST_CASE("a fault of the broker leaves the workers unknown, never down") {
  RedisServer redis;
  ProbeBench bench;
  const auto probe = make_celery_probe(bench, redis);
  CHECK(bench.run(*probe).status == Status::down);
  SECTION("stopped and started again") {
    redis.stop();
    const auto result = bench.run(*probe);
    CHECK(result.status == Status::unknown);
    CHECK(result.reason == Reason::connect_refused);
    CHECK(find_sample(result, "healthd_celery_workers_online") == nullptr);
    redis.start();
    const auto back = bench.run(*probe);
    CHECK(back.status == Status::unknown);  // workers get some seconds to come back
    CHECK(back.waiting);
    CHECK(back.reason == Reason::no_reply);
  }
  SECTION("frozen") {
    redis.process().signal(SIGSTOP);
    const auto result = bench.run(*probe, 500ms);
    CHECK(result.status == Status::unknown);
    CHECK(result.reason == Reason::timeout);
    redis.process().signal(SIGCONT);
    CHECK(bench.run(*probe).reason == Reason::no_reply);
  }
  SECTION("a password that we were not told") {
    redis.say({"CLIENT", "KILL", "TYPE", "normal"});
    redis.say({"CONFIG", "SET", "requirepass", "other"});
    const auto result = bench.run(*probe);
    CHECK(result.status == Status::unknown);
    CHECK(result.reason == Reason::auth);
  }
}

TEST_CASE(
    "connections that the server closed are replaced within the run, and never are there more than two") {
  RedisServer redis;
  Celery celery{redis};
  auto worker = celery.start_worker("only");
  ProbeBench bench;
  const auto probe = make_celery_probe(bench, redis);
  for (int round = 0; round < 3; ++round) {
    CHECK(bench.run(*probe).status == Status::up);
    CHECK(clients(redis) == 2);
    const auto list = redis.say({"CLIENT", "LIST"});
    for (auto at = list.find("name=superset-healthd"); at != std::string::npos;
         at = list.find("name=superset-healthd", at + 1)) {
      const auto id = list.rfind("id=", at) + 3;
      redis.say({"CLIENT", "KILL", "ID", list.substr(id, list.find(' ', id) - id)});
    }
  }
}

TEST_CASE("what a crashed predecessor left on the broker is removed by the next start") {
  RedisServer redis;
  {
    const ReplyIdentity predecessor{"test", "broker"};
    const CeleryNames names;
    redis.say({"SADD", names.reply_bindings(), names.reply_binding(predecessor.id())});
    redis.say({"LPUSH", names.reply_queue(predecessor.id()), "an old reply"});
  }
  ProbeBench bench;
  const auto probe = make_celery_probe(bench, redis);
  REQUIRE_FALSE(left_over(redis).empty());
  bench.run(*probe);
  CHECK(left_over(redis).empty());
}

TEST_CASE("messages that wait are counted over all priorities, and since when is told") {
  RedisServer redis;
  ProbeBench bench;
  const auto probe = make_celery_probe(bench, redis, "queues: [celery, reports]\n");
  const auto empty = bench.run(*probe);
  const auto was_empty_at =
      sample_value(empty, "healthd_celery_queue_last_empty_timestamp_seconds", "celery");
  for (const auto* step : {"",
                           "\x06\x16"
                           "3",
                           "\x06\x16"
                           "9"})
    redis.say({"LPUSH", std::string{"celery"} + step, "message"});
  redis.say({"HSET", "unacked", "tag", "[]"});
  const auto now = redis.say({"TIME"});
  redis.say({"ZADD", "unacked_index", std::to_string(std::stoll(now) - 100), "tag"});

  const auto result = bench.run(*probe);
  CHECK(sample_value(result, "healthd_celery_queue_length", "celery") == 3);
  CHECK(sample_value(result, "healthd_celery_queue_length", "reports") == 0);
  REQUIRE(was_empty_at);
  const auto still_at = sample_value(result, "healthd_celery_queue_last_empty_timestamp_seconds", "celery");
  CHECK(std::abs(still_at.value_or(0) - *was_empty_at) < 0.001);
  CHECK(sample_value(result, "healthd_celery_unacked_messages") == 1);
  CHECK(sample_value(result, "healthd_celery_visibility_timeout_seconds") == 3600);
  const auto age =
      std::stod(now) - sample_value(result, "healthd_celery_oldest_unacked_timestamp_seconds").value_or(0);
  CHECK(age > 97);
  CHECK(age < 103);
}

TEST_CASE("a key prefix, another database and another separator are followed") {
  RedisServer redis;
  CelerySetup setup;
  setup.database = 3;
  setup.options =
      R"(broker_transport_options={"global_keyprefix": "ss:", "sep": ":", "priority_steps": [0, 5]},)";
  Celery celery{redis, setup};
  auto worker = celery.start_worker("only");
  ProbeBench bench;
  const auto probe = make_celery_probe(
      bench, redis, "global_keyprefix: 'ss:'\nsep: ':'\npriority_steps: [0, 5]\nexpected_workers: 1\n", 3);
  CHECK(bench.run(*probe).status == Status::up);
  CHECK(left_over(redis).empty());
}

TEST_CASE("two workers of one name are both counted and reported as duplicates") {
  RedisServer redis;
  Celery celery{redis};
  auto first = celery.start_worker("same");
  auto second = celery.start_worker("same");
  ProbeBench bench;
  const auto probe = make_celery_probe(bench, redis);
  const auto result = bench.run(*probe);
  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::duplicate);
  CHECK(sample_value(result, "healthd_celery_workers_online") == 2);
}
