// The write canary, and what is told of writes without it.
#include <catch2/catch_test_macros.hpp>

#include "tests/support/celery_stack.hpp"
#include "tests/support/probe_bench.hpp"

using namespace healthd;
using namespace healthd::test;
using namespace std::chrono_literals;

namespace {

std::string keys(const RedisServer& server, const std::string& more = "write_canary: true\n") {
  return "url: " + server.url(1) + "\n" + more;
}

Reason write_reason(const ProbeResult& result) {
  const auto* found = find_check(result, "write");
  return found == nullptr ? Reason::internal : found->reason;
}

}  // namespace

TEST_CASE("the canary proves a write in its own database and leaves nothing behind") {
  RedisServer server;
  ProbeBench bench;
  const auto probe = bench.make("redis", "cache", keys(server));
  const auto result = bench.run(*probe);
  INFO(bench.problems() << result.detail);
  CHECK(result.status == Status::up);
  CHECK(sample_value(result, "healthd_redis_write_ok") == 1);
  CHECK(server.say({"INFO", "commandstats"}).find("cmdstat_set:calls=1") != std::string::npos);
  CHECK(server.say({"INFO", "keyspace"}).find("db") == std::string::npos);
}

TEST_CASE("without the key nothing is written") {
  RedisServer server;
  ProbeBench bench;
  const auto result = bench.run(*bench.make("redis", "cache", keys(server, "")));
  CHECK(find_check(result, "write") == nullptr);
  CHECK(server.say({"INFO", "commandstats"}).find("cmdstat_set:") == std::string::npos);
}

TEST_CASE("each refused write degrades with its own reason while PING is answered") {
  ProbeBench bench;
  const auto expect = [&](const RedisServer& server, Reason reason) {
    const auto result = bench.run(*bench.make("redis", "cache", keys(server)));
    INFO(result.detail);
    CHECK(result.status == Status::degraded);
    CHECK(result.reason == reason);
    CHECK(write_reason(result) == reason);
    CHECK(sample_value(result, "healthd_redis_up") == 1);
    CHECK(sample_value(result, "healthd_redis_write_ok") == 0);
  };
  SECTION("memory is used up") {
    RedisServer server{{"maxmemory 100kb"}};
    expect(server, Reason::oom);
  }
  SECTION("too few replicas") {
    RedisServer server{{"min-replicas-to-write 1"}};
    expect(server, Reason::noreplicas);
  }
  SECTION("a replica") {
    RedisServer server{{"replicaof 127.0.0.1 " + std::to_string(free_port())}};
    expect(server, Reason::read_only);
  }
}

TEST_CASE("too few replicas show without a canary where not one is left") {
  RedisServer server{{"min-replicas-to-write 1"}};
  ProbeBench bench;
  const auto result = bench.run(*bench.make("redis", "broker", keys(server, "role: broker\n")));
  CHECK(result.reason == Reason::noreplicas);
  CHECK(sample_value(result, "healthd_redis_write_ok") == 0);
}

TEST_CASE("a write that is never answered does not hide that the server lives") {
  RedisServer server;
  ProbeBench bench;
  const auto probe = bench.make("redis", "cache", keys(server));
  server.say({"CLIENT", "PAUSE", "60000", "WRITE"});
  const auto result = bench.run(*probe, 500ms);
  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::timeout);
  CHECK(find_check(result, "ping")->status == Status::up);
  CHECK(sample_value(result, "healthd_redis_write_ok") == 0);
  CHECK(sample_value(result, "healthd_redis_up") == 1);
  server.say({"CLIENT", "UNPAUSE"});
  CHECK(bench.run(*probe).status == Status::up);
}

TEST_CASE("a user who may not write the canary leaves the question open") {
  RedisServer server{{"user default on nopass ~* &* +@all -set"}};
  ProbeBench bench;
  const auto result = bench.run(*bench.make("redis", "cache", keys(server)));
  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::permission);
  CHECK(find_sample(result, "healthd_redis_write_ok") == nullptr);
}

TEST_CASE("a database that does not exist gets no write elsewhere") {
  RedisServer server{{"databases 1"}};
  ProbeBench bench;
  const auto result = bench.run(*bench.make("redis", "cache", keys(server)));
  CHECK(result.reason == Reason::wrong_database);
  CHECK(server.say({"INFO", "commandstats"}).find("cmdstat_set:") == std::string::npos);
}

TEST_CASE("a new role and a new process show for one run, on the probe that speaks for the server") {
  RedisServer server;
  ProbeBench bench;
  const auto broker = bench.make("redis", "broker", keys(server, "role: broker\n"));
  const auto cache = bench.make("redis", "cache", keys(server, ""));
  CHECK(bench.run(*broker).status == Status::up);
  CHECK(bench.run(*cache).status == Status::up);

  server.say({"REPLICAOF", "127.0.0.1", std::to_string(free_port())});
  const auto demoted = bench.run(*broker);
  CHECK(demoted.status == Status::degraded);
  CHECK(demoted.reason == Reason::role_changed);
  CHECK(sample_value(demoted, "healthd_redis_write_ok") == 0);
  CHECK(bench.run(*broker).reason == Reason::read_only);

  server.say({"REPLICAOF", "NO", "ONE"});
  CHECK(bench.run(*broker).reason == Reason::role_changed);
  CHECK(bench.run(*broker).status == Status::up);
  server.stop();
  server.start();
  CHECK(bench.run(*cache).status == Status::up);
  const auto restarted = bench.run(*broker);
  CHECK(restarted.reason == Reason::role_changed);
  CHECK(restarted.detail.find("restarted") != std::string::npos);
  CHECK(bench.run(*broker).status == Status::up);
}
