#include <catch2/catch_test_macros.hpp>

#include "tests/support/celery_stack.hpp"
#include "tests/support/probe_bench.hpp"

using namespace healthd;
using namespace healthd::test;
using namespace std::chrono_literals;

namespace {

struct Stack {
  RedisServer redis;
  Celery celery{redis};
  Process worker = celery.start_worker("only");
  ProbeBench bench;

  std::unique_ptr<Probe> make_beat_probe(const std::string& more = "", Duration interval = 500ms) {
    bench.make("redis", "broker", "url: " + redis.url() + "\nrole: broker\n");
    auto probe = bench.make("beat", "beat", "broker: broker\nevery: 2s\n" + more, interval);
    INFO(bench.problems());
    REQUIRE(bench.problems().empty());
    return probe;
  }

  /// Runs the probe over and over until it is of this status; the last result.
  ProbeResult until(Probe& probe, Status status, Duration patience = 20s) {
    ProbeResult result;
    wait_until(
        [&] {
          result = bench.run(probe);
          return result.status == status;
        },
        patience);
    return result;
  }
};

}  // namespace

TEST_CASE("a Beat that sends is up from its first tick, and one that is frozen is down after three periods") {
  Stack stack;
  auto beat = stack.celery.start_beat();
  const auto probe = stack.make_beat_probe();
  const auto first = stack.bench.run(*probe);
  CHECK(first.status == Status::unknown);
  CHECK(first.waiting);
  CHECK(find_sample(first, "healthd_beat_last_tick_timestamp_seconds") == nullptr);

  const auto up = stack.until(*probe, Status::up);
  REQUIRE(up.status == Status::up);
  CHECK_FALSE(up.waiting);
  CHECK(find_sample(up, "healthd_beat_last_tick_timestamp_seconds") != nullptr);

  beat.signal(SIGSTOP);
  const auto frozen = std::chrono::steady_clock::now();
  const auto down = stack.until(*probe, Status::down);
  CHECK(down.status == Status::down);
  CHECK(down.reason == Reason::stale);
  CHECK(std::chrono::steady_clock::now() - frozen < 9s);
  CHECK(find_sample(down, "healthd_beat_last_tick_timestamp_seconds") != nullptr);

  beat.signal(SIGCONT);
  CHECK(stack.until(*probe, Status::up).status == Status::up);
}

TEST_CASE("where nobody ever ran the task Beat is unknown, and the detail says what to configure") {
  Stack stack;
  const auto probe = stack.make_beat_probe("task: reports.shceduler\n");
  ProbeResult told;
  CHECK(wait_until([&] {
    told = stack.bench.run(*probe);
    return told.reason == Reason::stale;
  }));
  CHECK(told.status == Status::unknown);
  CHECK_FALSE(told.waiting);
  CHECK(told.detail.find("beat_schedule") != std::string::npos);
}

TEST_CASE("while the workers are frozen or gone, Beat is unknown") {
  Stack stack;
  auto beat = stack.celery.start_beat();
  const auto probe = stack.make_beat_probe();
  REQUIRE(stack.until(*probe, Status::up).status == Status::up);
  SECTION("frozen") { stack.worker.signal(SIGSTOP); }
  SECTION("gone") { stack.worker.stop(); }
  const auto result = stack.until(*probe, Status::unknown);
  CHECK(result.status == Status::unknown);
  CHECK(result.reason == Reason::no_reply);
  CHECK(find_sample(result, "healthd_beat_last_tick_timestamp_seconds") == nullptr);
}

TEST_CASE("a worker that answers but starts nothing is not taken for a dead Beat") {
  RedisServer redis;
  Celery celery{redis};
  auto worker = celery.start_worker("busy", "prefork");
  auto beat = celery.start_beat();
  ProbeBench bench;
  bench.make("redis", "broker", "url: " + redis.url() + "\nrole: broker\n");
  const auto probe = bench.make("beat", "beat", "broker: broker\nevery: 2s\n", 500ms);
  REQUIRE(wait_until([&] { return bench.run(*probe).status == Status::up; }));
  celery.send("sleep", "[120]");
  ProbeResult result;
  CHECK(wait_until([&] {
    result = bench.run(*probe);
    return result.status != Status::up;
  }));
  CHECK(result.status == Status::unknown);
  CHECK(result.reason == Reason::not_consuming);
  worker.signal(SIGKILL);
}

TEST_CASE("tasks for later, unacked for as long as they wait, do not hide a dead Beat") {
  Stack stack;
  stack.celery.send_for_later("sleep", 3600);
  REQUIRE(wait_until([&] { return stack.redis.say({"HLEN", "unacked"}) == "1"; }));
  auto beat = stack.celery.start_beat();
  const auto probe = stack.make_beat_probe();
  REQUIRE(stack.until(*probe, Status::up).status == Status::up);
  beat.stop();
  const auto down = stack.until(*probe, Status::down);
  CHECK(down.status == Status::down);
  CHECK(down.reason == Reason::stale);
  CHECK(stack.redis.say({"HLEN", "unacked"}) == "1");
}

TEST_CASE(
    "two celery probes and a beat probe of one broker share two connections, even when all run at once") {
  Stack stack;
  auto beat = stack.celery.start_beat();
  const auto beat_probe = stack.make_beat_probe();
  const auto workers = stack.bench.make("celery", "workers", "broker: broker\n");
  const auto reports = stack.bench.make("celery", "reports", "broker: broker\nqueues: [reports]\n");
  REQUIRE(stack.bench.problems().empty());
  stack.redis.say({"LPUSH", "reports", "message"});

  const auto at_once = [&] {
    std::vector<ProbeResult> found;
    for (auto* probe : {beat_probe.get(), workers.get(), reports.get()}) {
      auto once = run_probe(*probe, "probe", 5s, stack.bench.tools());
      boost::asio::co_spawn(stack.bench.loop(), std::move(once),
                            [&](std::exception_ptr error, Outcome outcome) {
                              CHECK_FALSE(error);
                              found.push_back(std::move(outcome.result));
                            });
    }
    stack.bench.loop().restart();
    stack.bench.loop().run();
    CHECK(stack.redis.say({"KEYS", "*reply*"}).empty());
    return found;
  };
  const auto found = at_once();
  REQUIRE(found.size() == 3);
  CHECK(found[0].waiting);
  CHECK(found[1].status == Status::up);
  CHECK(sample_value(found[1], "healthd_celery_workers_online") == 1);
  CHECK(sample_value(found[1], "healthd_celery_queue_length", "celery").has_value());
  CHECK_FALSE(sample_value(found[1], "healthd_celery_queue_length", "reports"));
  CHECK(found[2].status == Status::up);
  CHECK(sample_value(found[2], "healthd_celery_workers_online") == 1);
  CHECK(sample_value(found[2], "healthd_celery_queue_length", "reports") == 1);
  CHECK_FALSE(sample_value(found[2], "healthd_celery_queue_length", "celery"));

  const auto list = stack.redis.say({"CLIENT", "LIST"});
  std::size_t ours = 0;
  for (auto at = list.find("name=superset-healthd"); at != std::string::npos;
       at = list.find("name=superset-healthd", at + 1))
    ++ours;
  CHECK(ours == 2);

  stack.worker.signal(SIGSTOP);
  for (const auto& result : at_once()) CHECK(result.reason == Reason::no_reply);
  // What the frozen worker still answers belongs to rounds that are over.
  stack.worker.signal(SIGCONT);
  CHECK(stack.until(*workers, Status::up).status == Status::up);
  for (const auto& result : at_once()) CHECK(result.reason != Reason::no_reply);
}
