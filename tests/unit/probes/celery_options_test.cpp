#include <catch2/catch_test_macros.hpp>

#include "probes/net/broker.hpp"
#include "tests/support/probe_bench.hpp"

using namespace healthd;
using healthd::test::ProbeBench;

namespace {

constexpr auto broker_keys = "url: redis://127.0.0.1:1/0\nrole: broker\n";

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

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
