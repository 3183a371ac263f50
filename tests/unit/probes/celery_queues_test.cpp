#include <catch2/catch_test_macros.hpp>

#include "probes/celery_queues.hpp"
#include "probes/moment.hpp"

using namespace healthd;

namespace {

using Kind = RedisReply::Kind;

RedisReply number(long long value) { return {Kind::integer, {}, value, {}}; }
RedisReply text(std::string value) { return {Kind::string, std::move(value), 0, {}}; }
RedisReply list(std::vector<RedisReply> elements) { return {Kind::array, {}, 0, std::move(elements)}; }

const std::vector<std::string> queues{"a", "b"};
constexpr auto now = std::chrono::system_clock::time_point{std::chrono::seconds{5000}};

CeleryNames two_steps() {
  CeleryNames names;
  names.steps = {0, 5};
  return names;
}

}  // namespace

TEST_CASE("a queue's length is the sum over its priority steps") {
  const auto names = two_steps();
  REQUIRE(queue_commands(names, queues).size() == 7);
  const auto report = read_queues(
      names, queues,
      {number(1), number(2), number(0), number(4), number(3), list({}), list({text("5000"), text("0")})});
  CHECK_FALSE(report.failure);
  CHECK(report.lengths == std::vector<long long>{3, 4});
  CHECK(report.unacked == 3);
  CHECK(report.lists == std::vector<long long>{1, 2, 0, 4});
  CHECK(report.oldest.empty());
}

TEST_CASE("the age of the oldest unacked message does not depend on our clock") {
  const auto report =
      read_queues(two_steps(), {},
                  {number(1), list({text("first"), text("8900.5"), text("next"), text("8950")}),
                   list({text("9000"), text("500000")})});
  REQUIRE(report.oldest.size() == 2);
  CHECK(report.oldest.front().tag == "first");
  CHECK(by_our_clock(report, report.oldest.front().at, now) == 4900);
}

TEST_CASE("answers to further questions do not disturb the report") {
  const auto report = read_queues(
      two_steps(), {}, {number(1), list({}), list({text("9000"), text("0")}), text("connected_clients:1")});
  CHECK_FALSE(report.failure);
  CHECK(report.unacked == 1);
}

TEST_CASE("one refused command spoils the report") {
  const RedisReply refused{
      Kind::error, "WRONGTYPE Operation against a key holding the wrong kind of value", 0, {}};
  const auto report = read_queues(two_steps(), {}, {number(1), list({}), refused});
  CHECK(report.failure.reason == Reason::query_error);
}

TEST_CASE("what cannot be the length of a queue is no length") {
  for (const auto& odd : {number(-1), number(4'611'686'018'427'387'904), text("12"), list({})}) {
    const auto report = read_queues(two_steps(), {}, {odd, list({}), list({text("5000"), text("0")})});
    CHECK(report.failure.reason == Reason::protocol);
  }
}

TEST_CASE("a time that is no number leaves the age of the oldest message unknown") {
  for (const auto* odd : {"nan", "inf", "8900.5x", ""}) {
    INFO(odd);
    const auto report = read_queues(
        two_steps(), {}, {number(1), list({text("tag"), text(odd)}), list({text("9000"), text("0")})});
    CHECK(report.oldest.empty());
  }
}

TEST_CASE("a queue is remembered as empty when it last was, or as first seen") {
  QueueMemory memory;
  const auto at = [](int seconds) { return QueueMemory::Time{std::chrono::seconds{seconds}}; };
  CHECK(memory.last_empty("full", 5, at(100)) == at(100));
  CHECK(memory.last_empty("full", 4, at(200)) == at(100));
  CHECK(memory.last_empty("full", 0, at(300)) == at(300));
  CHECK(memory.last_empty("full", 1, at(400)) == at(300));
  CHECK(memory.last_empty("other", 0, at(400)) == at(400));
}

TEST_CASE("a step of the wall clock makes nothing look older or younger") {
  using namespace std::chrono_literals;
  const Moment before{Moment::Steady{100s}, now};
  const auto empty_at = before.steady;
  CHECK(before.unix_seconds(empty_at) == 5000);
  const Moment forward{Moment::Steady{110s}, now + 10s + 1h};
  CHECK(forward.unix_seconds(empty_at) == 5000 + 3600);
  const Moment backward{Moment::Steady{110s}, now + 10s - 1h};
  CHECK(backward.unix_seconds(empty_at) == 5000 - 3600);
}
