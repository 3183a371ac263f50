#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "probes/redis_needs.hpp"
#include "tests/support/probe_bench.hpp"

using namespace healthd;
using healthd::test::ProbeBench;

namespace {

using Set = std::set<std::string>;
constexpr auto any_id = R"(????????-????-????-????-????????????)";

/// What the probe called `name` said it needs; it must have said so exactly once.
RedisNeeds needs_of(ProbeBench& bench, const std::string& name) {
  const auto& all = bench.workshop().needs.redis;
  INFO(name << " " << bench.problems());
  REQUIRE(bench.problems().empty());
  REQUIRE(std::ranges::count(all, name, &RedisNeeds::probe) == 1);
  return *std::ranges::find(all, name, &RedisNeeds::probe);
}

constexpr auto broker = "url: redis://127.0.0.1:1/2\nrole: broker\n";

}  // namespace

TEST_CASE("a redis probe needs no key, and SELECT only for a database other than the first") {
  ProbeBench bench;
  bench.make("redis", "first", "url: redis://127.0.0.1:1/0\n");
  bench.make("redis", "other", "url: redis://127.0.0.1:1/7\n");
  const auto first = needs_of(bench, "first");
  CHECK(first.commands == Set{"client|setname", "info", "ping"});
  CHECK((first.reads.empty() && first.writes.empty() && first.channels.empty()));
  CHECK(needs_of(bench, "other").commands == Set{"client|setname", "info", "ping", "select"});
}

TEST_CASE("the write canary needs three commands and one key of its own") {
  ProbeBench bench;
  bench.make("redis", "cache", "url: redis://127.0.0.1:1\nwrite_canary: true\n");
  const auto needs = needs_of(bench, "cache");
  CHECK(needs.commands == Set{"client|setname", "del", "get", "info", "ping", "set"});
  CHECK(needs.writes == Set{"healthd:canary:test:cache"});
}

TEST_CASE("a celery probe needs its queues, the unacked keys, and the round trip with the workers") {
  ProbeBench bench;
  bench.make("redis", "broker", broker);
  bench.make("celery", "workers", "broker: broker\nqueues: [celery, re*rts]\npriority_steps: [0, 3]\n");
  const auto needs = needs_of(bench, "workers");
  CHECK(needs.commands == Set{"brpop", "client|list", "client|setname", "del", "hlen", "hmget", "info",
                              "lindex", "llen", "lpos", "ping", "psubscribe", "publish", "sadd", "select",
                              "srem", "subscribe", "time", "zrange"});
  CHECK(needs.reads == Set{"celery", "celery??3", "re?rts", "re?rts??3", "unacked", "unacked_index"});
  CHECK(needs.writes ==
        Set{"_kombu.binding.reply.celery.pidbox", std::string{any_id} + ".reply.celery.pidbox"});
  CHECK(needs.channels == Set{"/2.celery.pidbox", "/2.celeryev/task.multi", "/2.celeryev/task.sent",
                              "/2.celeryev/worker.heartbeat", "/2.celeryev/worker.offline",
                              "/2.celeryev/worker.online", "celery-task-meta-*"});
}

TEST_CASE("a celery probe that listens to workers only needs their channels only") {
  ProbeBench bench;
  bench.make("redis", "broker", broker);
  const auto* quiet = "broker: broker\ntask_events: false\ntask_results: false\n";
  SECTION("a channel for each type of event") {
    bench.make("celery", "workers", quiet);
    CHECK(needs_of(bench, "workers").channels == Set{"/2.celery.pidbox", "/2.celeryev/worker.heartbeat",
                                                     "/2.celeryev/worker.offline",
                                                     "/2.celeryev/worker.online"});
  }
  SECTION("one channel for all") {
    bench.make("celery", "workers", std::string{quiet} + "fanout_patterns: false\n");
    CHECK(needs_of(bench, "workers").channels == Set{"/2.celery.pidbox", "/2.celeryev"});
  }
}

TEST_CASE("a canary needs to write to its queue and to where its result is") {
  ProbeBench bench;
  bench.make("redis", "broker", broker);
  bench.make("celery", "workers",
             "broker: broker\nqueues: [celery, other]\nresult_keyprefix: 'app:'\n"
             "canary: {queues: [celery], result_database: 1}\n");
  const auto needs = needs_of(bench, "workers");
  for (const auto* command : {"lpush", "lrem", "del", "select"}) CHECK(needs.commands.contains(command));
  CHECK(needs.writes.contains("celery"));
  CHECK(needs.writes.contains("app:celery-task-meta-*"));
  CHECK_FALSE(needs.writes.contains("other"));
}

TEST_CASE("a passive celery probe needs to read and to listen only") {
  ProbeBench bench;
  bench.make("redis", "broker", broker);
  bench.make("celery", "workers", "broker: broker\npassive: true\npriority_steps: 0\n");
  const auto needs = needs_of(bench, "workers");
  CHECK(needs.commands == Set{"client|list", "client|setname", "hlen", "hmget", "info", "lindex", "llen",
                              "lpos", "ping", "psubscribe", "select", "subscribe", "time", "zrange"});
  CHECK(needs.reads == Set{"celery", "unacked", "unacked_index"});
  CHECK(needs.writes.empty());
  CHECK_FALSE(needs.channels.contains("/2.celery.pidbox"));
}

TEST_CASE("a beat probe needs the names and queues of the celery probe, also where that is built later") {
  ProbeBench bench;
  bench.make("redis", "broker", broker);
  bench.make("beat", "beat", "broker: broker\n");
  bench.make("beat", "own_queue", "broker: broker\nqueue: clock\n");
  CHECK(needs_of(bench, "beat").reads.contains("celery"));
  bench.make("celery", "workers",
             "broker: broker\nqueues: reports\npriority_steps: 0\nglobal_keyprefix: 'app:'\n"
             "fanout_prefix: 'fan.'\n");
  const auto needs = needs_of(bench, "beat");
  CHECK_FALSE(needs.commands.contains("lindex"));
  CHECK(needs.reads == Set{"app:reports", "app:unacked", "app:unacked_index"});
  CHECK(needs.writes ==
        Set{"app:_kombu.binding.reply.celery.pidbox", std::string{"app:"} + any_id + ".reply.celery.pidbox"});
  CHECK(needs.channels.contains("app:fan.celery.pidbox"));
  CHECK(needs_of(bench, "own_queue").reads == Set{"app:clock", "app:unacked", "app:unacked_index"});
}

TEST_CASE("beside a passive celery probe a beat probe writes nothing either") {
  ProbeBench bench;
  bench.make("redis", "broker", broker);
  bench.make("beat", "beat", "broker: broker\n");
  CHECK_FALSE(needs_of(bench, "beat").writes.empty());
  bench.make("celery", "workers", "broker: broker\npassive: true\n");
  CHECK(needs_of(bench, "beat").writes.empty());
}

TEST_CASE("a pattern fits its key and holds nothing that would have to be quoted") {
  CHECK(acl_pattern("celery-task_meta:{1}.x/y") == "celery-task_meta:{1}.x/y");
  CHECK(acl_pattern("a*b?c[d]e\\f g\"h'i\n") == "a?b?c?d?e?f?g?h?i?");
  CHECK(acl_pattern("\xc3\xa4") == "??");
}
