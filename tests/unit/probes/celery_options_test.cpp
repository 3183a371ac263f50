#include <catch2/catch_test_macros.hpp>

#include "probes/net/broker.hpp"
#include "tests/support/probe_bench.hpp"

using namespace healthd;
using healthd::test::ProbeBench;

namespace {

constexpr auto broker_keys = "url: redis://127.0.0.1:1/0\nrole: broker\n";

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// The problems of a broker with one celery probe of these keys.
std::string problems_with(const std::string& keys) {
  ProbeBench bench;
  bench.make("redis", "broker", broker_keys);
  bench.make("celery", "workers", "broker: broker\n" + keys);
  return bench.problems();
}

}  // namespace

TEST_CASE("a misspelt broker is an error that names the nearest redis probe") {
  for (const auto* kind : {"celery", "beat"}) {
    ProbeBench bench;
    bench.make("redis", "broker", broker_keys);
    bench.make(kind, "probe", "broker: borker\n");
    INFO(bench.problems());
    CHECK(contains(bench.problems(), "probe.yaml:1:9: broker: no redis probe is called \"borker\""));
    CHECK(contains(bench.problems(), "did you mean \"broker\"?"));
  }
}

TEST_CASE("a celery probe needs a broker") {
  ProbeBench bench;
  bench.make("celery", "workers", "queues: [celery]\n");
  CHECK(contains(bench.problems(), "broker"));
}

TEST_CASE("keys that cannot be meant are errors") {
  ProbeBench bench;
  bench.make("redis", "broker", broker_keys);
  bench.make("celery", "workers",
             "broker: broker\nqueues: [a, a]\npriority_steps: [0, 12]\nexpected_workers: -1\nsepp: x\n");
  bench.make("beat", "beat", "broker: broker\nevery: 0s\n");
  bench.make("redis", "cache", "url: redis://127.0.0.1/one\nrole: chache\n");
  const auto problems = bench.problems();
  INFO(problems);
  CHECK(contains(problems, "queues: \"a\" is named twice"));
  CHECK(contains(problems, "priority_steps"));
  CHECK(contains(problems, "expected_workers"));
  CHECK(contains(problems, "sepp"));
  CHECK(contains(problems, "every"));
  CHECK(contains(problems, "number of a database"));
  CHECK(contains(problems, "expected cache, broker or results, got \"chache\""));
}

TEST_CASE("two celery probes of one broker may watch other queues, but not use other names") {
  ProbeBench bench;
  bench.make("redis", "broker", broker_keys);
  bench.make("celery", "first", "broker: broker\nqueues: [celery]\n");
  bench.make("celery", "second", "broker: broker\nqueues: [reports]\n");
  CHECK(bench.problems().empty());
  bench.make("celery", "third", "broker: broker\nglobal_keyprefix: 'x:'\n");
  CHECK(contains(bench.problems(), "other key names"));
}

TEST_CASE("all probes of one broker share one session, whichever is built first") {
  ProbeBench bench;
  bench.make("redis", "broker", broker_keys);
  const auto beat = bench.make("beat", "beat", "broker: broker\n");
  const auto celery =
      bench.make("celery", "workers", "broker: broker\nfanout_prefix: false\nqueues: [a, b]\n");
  CHECK(bench.problems().empty());
  REQUIRE(bench.workshop().brokers.size() == 1);
  auto& broker = *bench.workshop().brokers.at("broker");
  CHECK(broker.names().pidbox_channel() == "celery.pidbox");
  CHECK(broker.queues() == std::vector<std::string>{"a", "b"});
  CHECK(beat->target() == "127.0.0.1:1");
}

// --- the canary --------------------------------------------------------------------------------------------

TEST_CASE("a canary goes only into queues that its probe watches, and at least into one") {
  CHECK(problems_with("queues: [celery, reports]\ncanary: {queues: [reports], interval: 1m, timeout: 30s}\n")
            .empty());
  CHECK(contains(problems_with("queues: [celery]\ncanary: {queues: [celery, report]}\n"),
                 "queues: \"report\" is not among the queues of this probe"));
  CHECK(
      contains(problems_with("canary: {interval: 1m}\n"), "name the queues that test tasks may be put into"));
}

TEST_CASE("a canary that cannot be meant, or cannot be heard, is an error") {
  CHECK(contains(problems_with("canary: {queues: [celery], interval: 10ms}\n"), "interval: at least 1s"));
  CHECK(contains(problems_with("canary: {queues: [celery], timeout: 10ms}\n"), "timeout: at least 1s"));
  CHECK(contains(problems_with("canary: {queues: [celery], result_database: -1}\n"), "result_database"));
  CHECK(contains(problems_with("canary: {queues: [celery], timout: 1s}\n"), "timout"));
  CHECK(contains(problems_with("canary: celery\n"), "canary"));
  CHECK(
      contains(problems_with("task_results: false\ncanary: {queues: [celery]}\n"), "set task_results: true"));
}

TEST_CASE("a passive probe sends no canary") {
  CHECK(contains(problems_with("passive: true\ncanary: {queues: [celery]}\n"),
                 "canary: a passive probe writes nothing"));
}

TEST_CASE("a canary and a Beat that is told by the same task disturb each other, whichever is built first") {
  const std::string celery_keys = "broker: broker\ncanary: {queues: [celery]}\n";
  for (const bool beat_first : {true, false}) {
    for (const auto* task : {"celery.accumulate", "celery.backend_cleanup"}) {
      const auto beat_keys = "broker: broker\ntask: " + std::string{task} + "\n";
      ProbeBench bench;
      bench.make("redis", "broker", broker_keys);
      if (beat_first) bench.make("beat", "beat", beat_keys);
      bench.make("celery", "workers", celery_keys);
      if (!beat_first) bench.make("beat", "beat", beat_keys);
      const auto problems = bench.problems();
      CAPTURE(beat_first, task, problems);
      CHECK(contains(problems, "celery.backend_cleanup") == contains(task, "accumulate"));
      CHECK(problems.empty() == contains(task, "cleanup"));
    }
  }
}

TEST_CASE("without a canary Beat may be told by celery.accumulate") {
  ProbeBench bench;
  bench.make("redis", "broker", broker_keys);
  bench.make("beat", "beat", "broker: broker\ntask: celery.accumulate\n");
  bench.make("celery", "workers", "broker: broker\n");
  CHECK(bench.problems().empty());
}

// --- what we listen to -------------------------------------------------------------------------------------

TEST_CASE("the options say which channels are listened to") {
  using Channels = std::vector<std::string>;
  const auto listened = [](const std::string& keys) {
    ProbeBench bench;
    bench.make("redis", "broker", broker_keys);
    bench.make("celery", "workers", "broker: broker\n" + keys);
    CHECK(bench.problems().empty());
    auto& subscription = bench.workshop().brokers.at("broker")->subscription();
    return std::pair{subscription.channels(), subscription.pattern()};
  };
  const Channels life{"/0.celeryev/worker.heartbeat", "/0.celeryev/worker.online",
                      "/0.celeryev/worker.offline"};
  auto all = life;
  all.insert(all.end(), {"/0.celeryev/task.multi", "/0.celeryev/task.sent"});
  CHECK(listened("") == std::pair{all, std::string{"celery-task-meta-*"}});
  CHECK(listened("task_events: false\ntask_results: false\n") == std::pair{life, std::string{}});
  CHECK(listened("fanout_patterns: false\n").first == Channels{"/0.celeryev"});
  CHECK(listened("result_keyprefix: 'ss:'\n").second == "ss:celery-task-meta-*");
}

TEST_CASE("celery probes of one broker agree on what is listened to, and on being passive") {
  for (const auto* other :
       {"task_events: false", "result_keyprefix: x", "fanout_patterns: false", "passive: true"}) {
    ProbeBench bench;
    bench.make("redis", "broker", broker_keys);
    bench.make("celery", "first", "broker: broker\n");
    bench.make("celery", "second", "broker: broker\n" + std::string{other} + "\n");
    CAPTURE(other);
    CHECK(contains(bench.problems(), "another celery probe of this broker"));
  }
}
