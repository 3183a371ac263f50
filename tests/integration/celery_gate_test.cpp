// What the celery probe asks, and what it leaves unasked.
#include <hiredis/hiredis.h>

#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "probes/net/celery_names.hpp"
#include "probes/net/info_text.hpp"
#include "probes/net/reply_identity.hpp"
#include "tests/integration/celery_bench.hpp"

using namespace healthd;
using namespace healthd::test;

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
