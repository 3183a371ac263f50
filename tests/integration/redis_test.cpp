#include <hiredis/hiredis.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "tests/support/celery_stack.hpp"
#include "tests/support/probe_bench.hpp"

using namespace healthd;
using namespace healthd::test;
using namespace std::chrono_literals;

namespace {

std::string keys(const RedisServer& server, const std::string& more = "") {
  return "url: " + server.url(1) + "\n" + more;
}

Reason reason_of(const ProbeResult& result, std::string_view check) {
  const auto* found = find_check(result, check);
  return found == nullptr ? Reason::internal : found->reason;
}

}  // namespace

TEST_CASE("a healthy Redis is up and tells its memory, policy and keys") {
  RedisServer server{{"maxmemory 64mb", "maxmemory-policy allkeys-lru"}};
  ProbeBench bench;
  const auto probe = bench.make("redis", "cache", keys(server));
  REQUIRE(bench.problems().empty());
  const auto result = bench.run(*probe);
  CHECK(result.status == Status::up);
  CHECK(sample_value(result, "healthd_redis_up") == 1);
  CHECK(sample_value(result, "healthd_redis_memory_max_bytes") == 64 * 1024 * 1024);
  CHECK(find_sample(result, "healthd_redis_eviction_policy_info", "allkeys-lru") != nullptr);
  CHECK(find_sample(result, "healthd_redis_eviction_policy_safe") == nullptr);
  CHECK(sample_value(result, "healthd_redis_db_keys", "1") == 0);
  CHECK(find_sample(result, "healthd_redis_write_ok") == nullptr);
}

TEST_CASE(
    "a broker that may evict keys is unsafe, and the server's figures come from the broker's probe only") {
  RedisServer server{{"maxmemory 64mb", "maxmemory-policy allkeys-lru"}};
  ProbeBench bench;
  const auto cache = bench.make("redis", "cache", keys(server));
  const auto broker = bench.make("redis", "broker", keys(server, "role: broker"));
  const auto seen_by_cache = bench.run(*cache);
  const auto seen_by_broker = bench.run(*broker);
  CHECK(sample_value(seen_by_broker, "healthd_redis_eviction_policy_safe") == 0);
  CHECK(find_sample(seen_by_broker, "healthd_redis_memory_used_bytes") != nullptr);
  CHECK(find_sample(seen_by_cache, "healthd_redis_memory_used_bytes") == nullptr);
  CHECK(sample_value(seen_by_cache, "healthd_redis_up") == 1);
}

TEST_CASE("a password that is wrong or missing is our fault, not an outage, and is shown nowhere") {
  RedisServer server{{"requirepass correct-horse"}};
  TempDir folder;
  const auto file = folder.path() / "pw";
  const auto write = [&](const char* text) {
    std::ofstream{file} << text;
    std::filesystem::permissions(file,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  };
  const auto with_file = keys(server, "password_file: " + file.string());

  ProbeBench bench;
  write("correct-horse\n");
  CHECK(bench.run(*bench.make("redis", "right", with_file)).status == Status::up);
  write("hd-canary-wrong\n");
  const auto wrong = bench.run(*bench.make("redis", "wrong", with_file));
  CHECK(wrong.status == Status::unknown);
  CHECK(wrong.reason == Reason::auth);
  CHECK(wrong.detail.find("hd-canary") == std::string::npos);
  CHECK(find_sample(wrong, "healthd_redis_up") == nullptr);
  const auto missing = bench.run(*bench.make("redis", "missing", keys(server)));
  CHECK(missing.status == Status::unknown);
  CHECK(missing.reason == Reason::auth);
}

TEST_CASE("a server without AUTH says so without repeating the password") {
  RedisServer server{{"rename-command AUTH \"\""}};
  TempDir folder;
  const auto file = folder.path() / "pw";
  std::ofstream{file} << "hd-canary-secret";
  std::filesystem::permissions(file,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  ProbeBench bench;
  const auto result =
      bench.run(*bench.make("redis", "cache", keys(server, "password_file: " + file.string())));
  CHECK(result.status == Status::unknown);
  CHECK(result.reason == Reason::auth);
  CHECK(result.detail.find("hd-canary") == std::string::npos);
}

TEST_CASE("a user who may not read INFO leaves the server up but degraded by permission") {
  RedisServer server{{"user default on nopass -@all +ping +select +client|setname"}};
  ProbeBench bench;
  const auto result = bench.run(*bench.make("redis", "cache", keys(server)));
  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::permission);
  CHECK(sample_value(result, "healthd_redis_up") == 1);
}

TEST_CASE("each way in which Redis refuses has its own reason") {
  ProbeBench bench;
  SECTION("nobody listens") {
    RedisServer server;
    const auto probe = bench.make("redis", "cache", keys(server));
    server.stop();
    const auto result = bench.run(*probe);
    CHECK(result.status == Status::down);
    CHECK(result.reason == Reason::connect_refused);
    CHECK(sample_value(result, "healthd_redis_up") == 0);
  }
  SECTION("frozen") {
    RedisServer server;
    const auto probe = bench.make("redis", "cache", keys(server));
    server.process().signal(SIGSTOP);
    const auto started = std::chrono::steady_clock::now();
    const auto result = bench.run(*probe, 400ms);
    CHECK(result.status == Status::down);
    CHECK(result.reason == Reason::timeout);
    CHECK(std::chrono::steady_clock::now() - started < 1s);
  }
  SECTION("too many clients") {
    RedisServer server{{"maxclients 1"}};
    const auto probe = bench.make("redis", "cache", keys(server));
    const std::unique_ptr<redisContext, void (*)(redisContext*)> other{
        redisConnect("127.0.0.1", server.port()), redisFree};
    freeReplyObject(redisCommand(other.get(), "PING"));
    CHECK(bench.run(*probe).reason == Reason::maxclients);
  }
  SECTION("a script that never ends") {
    RedisServer server{{"lua-time-limit 50"}};
    const auto probe = bench.make("redis", "cache", keys(server));
    const std::unique_ptr<redisContext, void (*)(redisContext*)> other{
        redisConnect("127.0.0.1", server.port()), redisFree};
    redisAppendCommand(other.get(), "EVAL %s 0", "while true do end");
    int sent = 0;
    redisBufferWrite(other.get(), &sent);
    ProbeResult result;
    CHECK(wait_until([&] {
      result = bench.run(*probe);
      return result.reason == Reason::busy;
    }));
    server.process().signal(SIGKILL);
  }
  SECTION("a database that does not exist") {
    RedisServer server{{"databases 1"}};
    const auto result = bench.run(*bench.make("redis", "cache", keys(server)));
    CHECK(result.status == Status::unknown);
    CHECK(result.reason == Reason::wrong_database);
  }
  SECTION("a replica whose master is gone") {
    RedisServer server{{"replicaof 127.0.0.1 " + std::to_string(free_port()), "replica-serve-stale-data no"}};
    const auto result = bench.run(*bench.make("redis", "cache", "url: " + server.url() + "\n"));
    CHECK(result.status == Status::down);
    CHECK(reason_of(result, "ping") == Reason::masterdown);
    CHECK(reason_of(result, "write") == Reason::read_only);
    CHECK(sample_value(result, "healthd_redis_replica_link_up") == 0);
  }
  SECTION("a disk that takes no snapshot") {
    RedisServer server{{"save 900 1", "enable-protected-configs yes"}};
    server.say({"CONFIG", "SET", "dir", "/proc"});
    server.say({"SET", "key", "value"});
    server.say({"BGSAVE"});
    const auto probe = bench.make("redis", "cache", keys(server));
    ProbeResult result;
    CHECK(wait_until([&] {
      result = bench.run(*probe);
      return result.reason == Reason::misconf;
    }));
    CHECK(result.status == Status::down);
    CHECK(sample_value(result, "healthd_redis_write_ok") == 0);
    CHECK(sample_value(result, "healthd_redis_persistence_ok", "rdb") == 0);
  }
}

TEST_CASE("memory that is used up shows as refused writes while PING is still answered") {
  RedisServer server{{"maxmemory-policy noeviction"}};
  ProbeBench bench;
  const auto probe = bench.make("redis", "broker", keys(server, "role: [broker, results]"));
  server.say({"SET", "ballast", std::string(3'000'000, 'x')});
  server.say({"CONFIG", "SET", "maxmemory", "2mb"});
  const auto result = bench.run(*probe);
  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::oom);
  CHECK(find_check(result, "ping")->status == Status::up);
  CHECK(sample_value(result, "healthd_redis_write_ok") == 0);
  CHECK(sample_value(result, "healthd_redis_eviction_policy_safe") == 1);
  CHECK(find_sample(result, "healthd_redis_usage_info", "results") != nullptr);
}
