// What the probes say they need is enough, and not more than they use.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "probes/net/uuid.hpp"
#include "tests/support/celery_stack.hpp"
#include "tests/support/probe_bench.hpp"

using namespace healthd;
using namespace healthd::test;

namespace {

/// Gives our user exactly these rights; `without` leaves one of them out.
void allow(const RedisServer& server, const std::vector<RedisNeeds>& all, const std::string& without = "") {
  std::vector<std::string> words{"ACL", "SETUSER", "healthd", "reset", "on", ">secret", "-@all"};
  const auto add = [&](const std::string& rule) {
    if (rule.substr(rule.find_first_not_of("+%R~&")) != without) words.push_back(rule);
  };
  for (const auto& needs : all) {
    for (const auto& command : needs.commands) add("+" + command);
    for (const auto& key : needs.reads) add("%R~" + key);
    for (const auto& key : needs.writes) add("~" + key);
    for (const auto& channel : needs.channels) add("&" + channel);
  }
  REQUIRE(server.say(words) == "OK");
}

std::set<std::string> every_need(const std::vector<RedisNeeds>& all) {
  std::set<std::string> words;
  for (const auto& needs : all)
    for (const auto* set : {&needs.commands, &needs.reads, &needs.writes, &needs.channels})
      words.insert(set->begin(), set->end());
  return words;
}

}  // namespace

TEST_CASE("every probe of a broker works with the rights that it asks for, and with none fewer") {
  RedisServer server;
  CelerySetup setup;
  setup.database = 1;
  Celery celery{server, setup};
  const auto worker = celery.start_worker("first");
  TempDir folder;
  const auto file = folder.path() / "pw";
  std::ofstream{file} << "secret";
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  ProbeBench bench;
  std::vector<std::unique_ptr<Probe>> probes;
  const auto login = "\nusername: healthd\npassword_file: " + file.string() + "\n";
  const auto keys = "url: " + server.url(1) + login + "role: broker\nwrite_canary: true\n";
  probes.push_back(bench.make("redis", "broker", keys));
  probes.push_back(bench.make("celery", "workers", "broker: broker\nqueues: [celery, reports]\n"));
  probes.push_back(bench.make("beat", "beat", "broker: broker\n"));
  REQUIRE(bench.problems().empty());
  const auto& needs = bench.workshop().needs.redis;
  REQUIRE(needs.size() == 3);

  // Messages that nobody takes but the test, and one that was handed out two minutes ago: so that ages are
  // asked for.
  const auto say = [&](std::vector<std::string> words) { return server.say_in(1, std::move(words)); };
  for (const auto* message : {"a", "b", "c", "d"}) say({"LPUSH", "reports", message});
  say({"HSET", "unacked", "tag", "[]"});
  say({"ZADD", "unacked_index", std::to_string(std::stoll(server.say({"TIME"})) - 120), "tag"});

  const auto denials = [&] {
    say({"LPUSH", "reports", random_uuid()});
    say({"RPOP", "reports"});
    for (const auto& probe : probes) bench.run(*probe);
    return server.say({"ACL", "LOG"});
  };
  // The server's log of refusals sees what a probe would rather overlook.
  allow(server, needs);
  server.say({"ACL", "LOG", "RESET"});
  CHECK(denials() == "");
  for (const auto& probe : probes) CHECK(bench.run(*probe).status != Status::down);
  CHECK(find_check(bench.run(*probes[1]), "replies")->status == Status::up);

  for (const auto& need : every_need(needs)) {
    allow(server, needs, need);
    server.say({"ACL", "LOG", "RESET"});
    INFO(need);
    CHECK_FALSE(denials().empty());
  }
}
