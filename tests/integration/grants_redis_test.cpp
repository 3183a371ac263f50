#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "daemon/grants_redis_trials.hpp"
#include "daemon/grants_text.hpp"
#include "tests/integration/grants_bench.hpp"
#include "tests/support/celery_stack.hpp"
#include "tests/support/probe_bench.hpp"

namespace healthd::test {
namespace {

using namespace std::chrono_literals;

constexpr auto redis = GrantsSection::redis;

/// The hash of `hd-canary-right`.
constexpr const char* right_hash = "fe6cfa23866aa98f3e393f065ac2edf84cea136f40a325fc39e4125f09a2e022";

std::string with_password(std::string text) {
  constexpr std::string_view place = "#SHA256-of-the-password";
  for (auto at = text.find(place); at != std::string::npos; at = text.find(place))
    text.replace(at, place.size(), std::string{"#"} + right_hash);
  return text;
}

std::string login(const RedisServer& server, int database, const std::string& user) {
  return "url: \"" + server.url(database) + "\", username: " + user + ", password_file: FOLDER/password";
}

struct Site {
  RedisServer server;
  GrantsBench grants{"  - {name: cache, kind: redis, " + login(server, 1, "healthd") +
                     "}\n  - {name: broker, kind: redis, role: broker, write_canary: true, " +
                     login(server, 0, "healthd") +
                     "}\n  - {name: workers, kind: celery, broker: broker, queues: [celery, reports]}\n"
                     "  - {name: beat, kind: beat, broker: broker, every: 2s}\n"};

  void apply() {
    const auto script = grants.file("grants.sh", with_password(grants.print(redis).text));
    const bool applied = grants.shell("set -e; . " + script);
    INFO(grants.log());
    REQUIRE(applied);
    REQUIRE(server.say({"ACL", "GETUSER", "healthd"}) != "");
  }
  void set_rule(const std::string& rule) { REQUIRE(server.say({"ACL", "SETUSER", "healthd", rule}) == "OK"); }
};

}  // namespace

TEST_CASE("the ACL that grants prints can be run twice, and is what the probes need, no less and no more") {
  Site site;
  site.apply();
  site.apply();
  const auto before = site.server.say({"ACL", "LIST"});
  const auto checked = site.grants.check(redis);
  INFO(checked.text);
  CHECK(checked.code == 0);
  CHECK(checked.says("user healthd: exact"));
  CHECK(site.server.say({"ACL", "LIST"}) == before);
  CHECK(site.server.say({"DBSIZE"}) == "0");
}

TEST_CASE("the ACL as it is printed, without a password put in, changes nothing") {
  Site site;
  site.server.say({"ACL", "SETUSER", "healthd", "on", ">still-in-use", "+ping"});
  const auto before = site.server.say({"ACL", "LIST"});
  site.grants.shell(". " + site.grants.file("grants.sh", site.grants.print(redis).text));
  CHECK(site.grants.log().find("password hash") != std::string::npos);
  CHECK(site.server.say({"ACL", "LIST"}) == before);
}

TEST_CASE("a new password ends the old one") {
  Site site;
  site.server.say({"ACL", "SETUSER", "healthd", "on", ">stolen"});
  site.apply();
  const auto users = site.server.say({"ACL", "LIST"});
  const auto hash = users.find(right_hash);
  REQUIRE(hash != std::string::npos);
  CHECK(users.find('#') == hash - 1);
  CHECK(users.find('#', hash) == std::string::npos);
}

TEST_CASE("Redis, Celery and Beat probes find out everything with exactly these rights") {
  RedisServer server;
  Celery celery{server};
  auto worker = celery.start_worker("only");
  auto beat_process = celery.start_beat();
  TempDir folder;
  const auto password = folder.path() / "password";
  std::ofstream{password} << "hd-canary-right";
  std::filesystem::permissions(password, std::filesystem::perms::owner_read);
  const auto keys = "username: healthd\npassword_file: " + password.string() + "\n";
  ProbeBench bench;
  const auto cache = bench.make("redis", "cache", "url: " + server.url(1) + "\n" + keys);
  const auto broker =
      bench.make("redis", "broker", "url: " + server.url() + "\nrole: broker\nwrite_canary: true\n" + keys);
  const auto workers = bench.make("celery", "workers", "broker: broker\nexpected_workers: 1\n");
  const auto beat = bench.make("beat", "beat", "broker: broker\nevery: 2s\n", 500ms);
  INFO(bench.problems());
  REQUIRE(bench.problems().empty());
  const auto accounts = redis_accounts(bench.workshop().needs);
  REQUIRE(accounts.size() == 1);
  std::vector<std::string> rules{"ACL", "SETUSER", "healthd", "on", ">hd-canary-right"};
  for (const auto& rule : acl_rules(accounts[0])) rules.push_back(rule);
  REQUIRE(server.say(rules) == "OK");

  for (auto* probe : {cache.get(), broker.get(), workers.get()}) {
    const auto result = bench.run(*probe);
    INFO(result.detail);
    CHECK(result.status == Status::up);
    for (const auto& check : result.checks) {
      INFO(check.name << ": " << check.detail);
      CHECK(check.status == Status::up);
    }
  }
  ProbeResult ticking;
  const auto ticks = [&] {
    ticking = bench.run(*beat);
    return ticking.status == Status::up;
  };
  CHECK(wait_until(ticks));
  INFO(ticking.detail);
  CHECK(server.say({"ACL", "LOG"}).empty());  // nothing was ever refused
}

TEST_CASE("what the monitor's user lacks is named") {
  Site site;
  site.apply();
  const auto [rule, name] = GENERATE(table<std::string, std::string>({
      {"-info", "missing: +info"},
      {"-llen", "missing: +llen, for beat, workers"},
      {"-sadd", "missing: +sadd"},
      {"-brpop", "missing: +brpop"},
      {"-select", "missing: +select, for cache"},
      {"-time", "missing: +time"},
      {"-client|setname", "missing: +client|setname"},
      {"-publish", "missing: +publish"},
      {"resetchannels", "missing: check"},
  }));
  site.set_rule(rule);
  const auto checked = site.grants.check(redis);
  INFO(rule << "\n" << checked.text);
  CHECK(checked.code == 1);
  CHECK(checked.says(name));
  CHECK_FALSE(checked.says("too much"));
  CHECK(site.server.say({"DBSIZE"}) == "0");
}

TEST_CASE("a key pattern that the monitor's user lacks is named") {
  Site site;
  site.apply();
  REQUIRE(site.server.say(
              {"ACL", "SETUSER", "healthd", "resetkeys", "%R~celery*", "%R~reports*", "%R~unacked"}) == "OK");
  const auto checked = site.grants.check(redis);
  INFO(checked.text);
  CHECK(checked.code == 1);
  CHECK(checked.says("missing: %R~unacked_index, for beat, workers"));
  CHECK(checked.says("missing: ~_kombu.binding.reply.celery.pidbox"));
  CHECK_FALSE(checked.says("missing: %R~celery"));
}

TEST_CASE("what the monitor's user has beyond its needs is named, and trying it changes nothing") {
  Site site;
  site.apply();
  site.server.say({"SET", "precious", "value"});
  site.server.say({"LPUSH", "celery", "message"});
  const auto [rule, name] = GENERATE(table<std::string, std::string>({
      {"+@all", "+flushall"},
      {"+config|get", "too much: commands: +config|get"},
      {"+bgsave", "too much: commands: +bgsave"},
      {"+copy", "too much: commands: +copy"},
      {"+failover", "too much: commands: +failover"},
      {"+function", "too much: commands: +function|load"},
      {"+migrate", "too much: commands: +migrate"},
      {"+restore", "too much: commands: +restore"},
      {"+@dangerous", "+shutdown"},
      {"+expire", "too much: commands: +expire"},
      {"+lpush", "+lpush"},
      {"%R~*", "too much: keys: it may read every one"},
      {"~*", "too much: keys: it may write every one"},
      {"~celery", "too much: ~celery: it may write there, and the probes only read"},
      {"&*", "too much: channels: it may publish on every one"},
  }));
  const auto rules_before = site.server.say({"ACL", "GETUSER", "default"});
  site.set_rule(rule);
  const auto checked = site.grants.check(redis);
  INFO(rule << "\n" << checked.text);
  CHECK(checked.code == 1);
  CHECK(checked.says(name));
  CHECK_FALSE(checked.says("missing"));
  CHECK(site.server.say({"GET", "precious"}) == "value");
  CHECK(site.server.say({"LRANGE", "celery", "0", "-1"}) == "message");
  CHECK(site.server.say({"KEYS", "*"}).size() == std::string{"precious celery"}.size());
  CHECK(site.server.say({"ACL", "USERS"}) == "default healthd");
  CHECK(site.server.say({"ACL", "GETUSER", "default"}) == rules_before);
  CHECK(site.server.say({"ROLE"}).starts_with("master"));
}

TEST_CASE("no trial of a dangerous command does anything, even where it is allowed") {
  RedisServer server{{"enable-debug-command yes"}};
  server.say({"SET", "precious", "value"});
  const auto saved = server.say({"LASTSAVE"});
  for (const auto& dangerous : dangerous_commands("healthd-nobody")) {
    INFO(dangerous.command);
    server.say(dangerous.trial);
    CHECK(server.say({"GET", "precious"}) == "value");
  }
  CHECK(server.say({"DBSIZE"}) == "1");
  CHECK(server.say({"LASTSAVE"}) == saved);
  CHECK(server.say({"FUNCTION", "LIST"}).empty());
  CHECK(server.say({"ACL", "USERS"}) == "default");
  CHECK(server.say({"ROLE"}).starts_with("master"));
}

TEST_CASE("an open server's default user may do too much, and the printed user replaces it") {
  RedisServer server;
  GrantsBench grants{"  - {name: cache, kind: redis, url: \"" + server.url(1) + "\"}\n"};
  CHECK(grants.print(redis).says("`username: healthd`"));
  const auto checked = grants.check(redis);
  INFO(checked.text);
  CHECK(checked.code == 1);
  CHECK(checked.says("user default"));
  CHECK(checked.says("too much: keys: it may write every one"));
}

TEST_CASE("the printed line is taken by a server that reads its users from a file") {
  Site printed;
  const auto text = with_password(printed.grants.print(redis).text);
  const auto line = text.substr(text.find("# user healthd") + 2);
  const auto file = printed.grants.file("users.acl", line.substr(0, line.find('\n') + 1));
  RedisServer server{{"aclfile " + file}};
  GrantsBench grants{"  - {name: cache, kind: redis, " + login(server, 1, "healthd") + "}\n"};
  const auto checked = grants.check(redis);
  INFO(checked.text);
  CHECK(checked.says("user healthd"));
  CHECK_FALSE(checked.says("missing"));
  CHECK_FALSE(checked.says("unknown"));
}

TEST_CASE("where the user cannot log in nothing is known, and that is not exact") {
  Site site;
  SECTION("nobody made the user") {}
  SECTION("the server is gone") { site.server.stop(); }
  const auto checked = site.grants.check(redis);
  INFO(checked.text);
  CHECK(checked.code == 1);
  CHECK(checked.says("unknown: could not ask"));
  CHECK_FALSE(checked.says("hd-canary"));
}

}  // namespace healthd::test
