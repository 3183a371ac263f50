#include <hiredis/hiredis.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "probes/beside.hpp"
#include "probes/net/celery_names.hpp"
#include "probes/net/info_text.hpp"
#include "probes/net/reply_identity.hpp"
#include "probes/with_deadline.hpp"
#include "tests/support/celery_stack.hpp"
#include "tests/support/probe_bench.hpp"

using namespace healthd;
using namespace healthd::test;
using namespace std::chrono_literals;

namespace {

/// The probe of a broker and the celery probe beside it.
std::unique_ptr<Probe> make_celery_probe(ProbeBench& bench, const RedisServer& redis,
                                         const std::string& more = "", int database = 0) {
  bench.make("redis", "broker", "url: " + redis.url(database) + "\nrole: broker\n");
  auto probe = bench.make("celery", "workers", "broker: broker\n" + more);
  INFO(bench.problems());
  REQUIRE(bench.problems().empty());
  return probe;
}

/// Keys of ours on the broker: the binding of our reply queue, and the queue.
std::string left_over(const RedisServer& redis) { return redis.say({"KEYS", "*reply*"}); }

long long clients(const RedisServer& redis) {
  const auto list = redis.say({"CLIENT", "LIST"});
  long long count = 0;
  for (auto at = list.find("name=superset-healthd"); at != std::string::npos;
       at = list.find("name=superset-healthd", at + 1))
    ++count;
  return count;
}

/// A probe that listens beside its runs, as in the daemon.
class Listening {
 public:
  Listening(ProbeBench& bench, Probe& probe) : bench_{bench}, probe_{probe} {}

  template <typename Condition>
  ProbeResult until(Condition condition, std::chrono::seconds patience = 20s) {
    auto trying = try_until(condition, Deadline::in(patience));
    auto both = beside(probe_.listen(bench_.tools()), std::move(trying));
    return healthd::test::run(bench_.loop(), std::move(both));
  }

 private:
  template <typename Condition>
  asio::awaitable<ProbeResult> try_until(Condition condition, Deadline deadline) {
    for (;;) {
      auto outcome = co_await run_probe(probe_, "probe", 3s, bench_.tools());
      if (condition(outcome.result) || deadline.passed()) co_return std::move(outcome.result);
      asio::steady_timer pause{bench_.loop(), 200ms};
      co_await pause.async_wait(asio::use_awaitable);
    }
  }

  ProbeBench& bench_;
  Probe& probe_;
};

}  // namespace

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

TEST_CASE("while memory is used up no worker is asked, so none exits, and the reason is told") {
  RedisServer redis{{"maxmemory-policy noeviction"}};
  Celery celery{redis};
  auto worker = celery.start_worker("only");
  ProbeBench bench;
  const auto probe = make_celery_probe(bench, redis);
  REQUIRE(bench.run(*probe).status == Status::up);
  redis.say({"SET", "ballast", std::string(8'000'000, 'x')});

  const auto used = InfoText{redis.say({"INFO", "memory"})}.number("used_memory").value();
  const auto limit = [&](double share) {
    redis.say({"CONFIG", "SET", "maxmemory", std::to_string(std::llround(used / share))});
  };
  SECTION("writes are refused") { limit(1.5); }
  SECTION("writes are still taken, but hardly") { limit(0.94); }
  const auto published = [&] {
    return std::string{InfoText{redis.say({"INFO", "commandstats"})}.text("cmdstat_publish")};
  };
  const auto calls = published();
  const auto result = bench.run(*probe);
  CHECK(result.status == Status::unknown);
  CHECK(result.reason == Reason::oom);
  CHECK(sample_value(result, "healthd_celery_queue_length", "celery") == 0);
  CHECK(left_over(redis).empty());
  // One request for a heartbeat, which is answered by no key; none that asks for a reply.
  const auto count = [](const std::string& text) {
    return std::stoll(text.substr(text.find("calls=") + std::string_view{"calls="}.size()));
  };
  CHECK(count(published()) == count(calls) + 1);

  redis.say({"CONFIG", "SET", "maxmemory", "0"});
  CHECK(worker.running());
  CHECK(wait_until([&] { return bench.run(*probe).status == Status::up; }));
}

TEST_CASE("where INFO is refused no worker is asked, for nobody knows whether its reply would fit") {
  RedisServer redis;
  Celery celery{redis};
  auto worker = celery.start_worker("beating", "prefork", true);
  redis.say({"ACL", "SETUSER", "default", "-info"});
  ProbeBench bench;
  const auto probe = make_celery_probe(bench, redis);
  const auto result = bench.run(*probe);
  CHECK(result.reason == Reason::permission);
  CHECK(result.status == Status::unknown);
  redis.say({"ACL", "SETUSER", "default", "+info"});
  CHECK(left_over(redis).empty());
  CHECK(wait_until([&] { return bench.run(*probe).status == Status::up; }));
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

TEST_CASE("a flood of replies ends the round at 8 MiB, and is removed like any other reply") {
  RedisServer redis;
  std::string reply_queue;
  {
    const ReplyIdentity ours{"test", "broker"};
    reply_queue = CeleryNames{}.reply_queue(ours.id());
  }
  ProbeBench bench;
  const auto probe = make_celery_probe(bench, redis);
  REQUIRE(bench.run(*probe).reason == Reason::no_reply);

  // A listener that never answers, and answers that are none.
  const std::unique_ptr<redisContext, void (*)(redisContext*)> listener{
      redisConnect("127.0.0.1", redis.port()), redisFree};
  freeReplyObject(redisCommand(listener.get(), "SUBSCRIBE %s", CeleryNames{}.pidbox_channel().c_str()));
  for (int count = 0; count < 10; ++count) redis.say({"LPUSH", reply_queue, std::string(1'000'000, 'x')});
  const auto result = bench.run(*probe);
  CHECK(result.status == Status::unknown);
  CHECK(result.reason == Reason::too_large);
  CHECK(sample_value(result, "healthd_celery_queue_length", "celery") == 0);
  CHECK(left_over(redis).empty());
  CHECK(bench.run(*probe).reason == Reason::no_reply);
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

TEST_CASE("a worker that answers with pickle counts as alive") {
  RedisServer redis;
  CelerySetup setup;
  setup.options = R"(task_serializer="pickle", accept_content=["json", "pickle"],)";
  Celery celery{redis, setup};
  auto worker = celery.start_worker("pickled");
  ProbeBench bench;
  const auto result = bench.run(*make_celery_probe(bench, redis));
  CHECK(result.status == Status::up);
  CHECK(sample_value(result, "healthd_celery_workers_online") == 1);
}

TEST_CASE("while memory is used up workers that send heartbeats still answer, by one") {
  RedisServer redis{{"maxmemory-policy noeviction"}};
  Celery celery{redis};
  auto worker = celery.start_worker("beating", "prefork", true);
  ProbeBench bench;
  const auto probe = make_celery_probe(bench, redis);
  REQUIRE(bench.run(*probe).status == Status::up);
  redis.say({"CONFIG", "SET", "maxmemory", "1mb"});
  const auto result = bench.run(*probe);
  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::oom);
  CHECK(sample_value(result, "healthd_celery_workers_online") == 1);
  redis.say({"CONFIG", "SET", "maxmemory", "0"});
  CHECK(worker.running());
  CHECK(wait_until([&] { return bench.run(*probe).status == Status::up; }));
}

TEST_CASE("a passive probe reads and listens, and writes nothing") {
  RedisServer redis;
  Celery celery{redis};
  ProbeBench bench;
  const auto probe = make_celery_probe(bench, redis, "passive: true\n");
  const auto alone = bench.run(*probe);
  CHECK(alone.status == Status::unknown);
  CHECK(alone.detail.find("passive") != std::string::npos);
  CHECK(find_check(alone, "queues")->status == Status::up);
  CHECK(redis.say({"INFO", "commandstats"}).find("cmdstat_sadd") == std::string::npos);
  CHECK(redis.say({"INFO", "commandstats"}).find("cmdstat_publish") == std::string::npos);

  auto worker = celery.start_worker("beating", "solo", true);
  Listening ear{bench, *probe};
  const auto heard = ear.until([](const ProbeResult& result) { return result.status == Status::up; });
  CHECK(heard.status == Status::up);
  CHECK(heard.detail.find("passive") != std::string::npos);
  CHECK(find_sample(heard, "healthd_celery_worker_last_seen_timestamp_seconds", "beating@test") != nullptr);
}
