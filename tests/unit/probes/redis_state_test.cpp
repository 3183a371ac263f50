#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "probes/redis_canary.hpp"
#include "probes/redis_state.hpp"
#include "tests/support/no_files.hpp"
#include "tests/support/probe_bench.hpp"

using namespace healthd;

namespace {

std::string entry(const std::vector<std::pair<std::string, std::string>>& evidence, std::string_view name) {
  const auto found = std::ranges::find(evidence, name, &std::pair<std::string, std::string>::first);
  return found == evidence.end() ? "absent" : found->second;
}

RedisReply status(std::string text) { return {RedisReply::Kind::status, std::move(text)}; }

}  // namespace

TEST_CASE("a server that is loading says how far it is and how long it still takes") {
  const InfoText info{"loading:1\nloading_loaded_perc:43.10\nloading_eta_seconds:72\n"};
  const auto failure = explained({Reason::loading, "LOADING Redis is loading"}, info);
  CHECK(failure.reason == Reason::loading);
  CHECK(failure.detail == "LOADING Redis is loading (43.10 % read, 1m12s left)");
  CHECK(entry(server_evidence(info), "loading") == "43.10 % read, 1m12s left");
  CHECK(explained({Reason::loading, "LOADING"}, InfoText{}).detail == "LOADING");
  CHECK(explained({Reason::busy, "BUSY"}, info).detail == "BUSY");
}

TEST_CASE("a replica without its primary says since when") {
  const InfoText info{"role:slave\nmaster_link_status:down\nmaster_link_down_since_seconds:90\n"};
  CHECK(explained({Reason::masterdown, "MASTERDOWN"}, info).detail == "MASTERDOWN (link down since 1m30s)");
  const InfoText never{"role:slave\nmaster_link_status:down\nmaster_link_down_since_seconds:-1\n"};
  CHECK(entry(server_evidence(never), "primary") == "link down");
}

TEST_CASE("the evidence tells memory, clients and persistence") {
  const InfoText info{
      "used_memory:2000000\nmaxmemory:4000000\nconnected_clients:12\nmaxclients:100\nblocked_clients:3\n"
      "rdb_last_bgsave_status:err\nrdb_changes_since_last_save:7\naof_enabled:1\naof_last_write_status:ok\n"};
  const auto evidence = server_evidence(info);
  CHECK(entry(evidence, "memory") == "2.0 MB of 4.0 MB");
  CHECK(entry(evidence, "clients") == "12 of 100, 3 blocked");
  CHECK(entry(evidence, "persistence") == "snapshot err (7 changes not saved), append-only file ok");
  CHECK(entry(evidence, "loading") == "absent");
  CHECK(entry(evidence, "primary") == "absent");
}

TEST_CASE("a new role or a new process is told once, and the first look is no change") {
  ServerIdentity identity;
  CHECK_FALSE(identity.observe(InfoText{"run_id:a\nrole:master\n"}));
  CHECK_FALSE(identity.observe(InfoText{"run_id:a\nrole:master\n"}));
  const auto demoted = identity.observe(InfoText{"run_id:a\nrole:slave\n"});
  CHECK(demoted.reason == Reason::role_changed);
  CHECK(demoted.detail == "the server was master and is now slave");
  CHECK_FALSE(identity.observe(InfoText{"run_id:a\nrole:slave\n"}));
  CHECK(identity.observe(InfoText{"run_id:b\nrole:slave\n"}).reason == Reason::role_changed);
  CHECK_FALSE(identity.observe(InfoText{"run_id:b\nrole:slave\n"}));
}

TEST_CASE("several servers behind one address are no endless event") {
  ServerIdentity identity;
  int events = 0;
  for (int run = 0; run < 20; ++run)
    events += identity.observe(InfoText{"role:master\r\nrun_id:" + std::to_string(run % 2)}) ? 1 : 0;
  CHECK(events == 3);
  identity.observe(InfoText{"role:master\r\nrun_id:1"});
  CHECK(identity.observe(InfoText{"role:slave\r\nrun_id:1"}).reason == Reason::role_changed);
}

TEST_CASE("a connection that we have no file for says nothing of Redis") {
  test::ProbeBench bench;
  const auto probe = bench.make("redis", "cache", "url: redis://127.0.0.1:1/0");
  REQUIRE(bench.run(*probe).reason == Reason::connect_refused);
  const test::NoFiles none;
  const auto result = bench.run(*probe);
  CHECK(result.status == Status::unknown);
  CHECK(result.reason == Reason::internal);
  CHECK_FALSE(test::sample_value(result, "healthd_redis_up"));
}

TEST_CASE("the canary believes only what it reads back") {
  const auto ok = status("OK");
  const RedisReply one{RedisReply::Kind::integer, {}, 1};
  CHECK_FALSE(judge_canary({ok, status("value"), one}, "value"));
  CHECK(judge_canary({ok, status("other"), one}, "value").reason == Reason::protocol);
  CHECK(judge_canary({ok, RedisReply{}, one}, "value").reason == Reason::protocol);
  CHECK(judge_canary({RedisReply{}, status("value"), one}, "value").reason == Reason::protocol);
  const RedisReply full{RedisReply::Kind::error, "OOM command not allowed"};
  CHECK(judge_canary({full, RedisReply{}, one}, "value").reason == Reason::oom);
  const RedisReply refused{RedisReply::Kind::error, "NOPERM this user has no permissions"};
  CHECK(judge_canary({ok, status("value"), refused}, "value").reason == Reason::permission);
}
