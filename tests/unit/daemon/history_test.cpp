#include "daemon/history.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace healthd;
using namespace std::chrono_literals;

namespace {

const auto begin = std::chrono::system_clock::time_point{} + 480000h;

struct Bench {
  Bench() {
    ProbeView workers;
    workers.name = "workers";
    workers.kind = "celery";
    history.add(std::move(workers));
  }

  void run(Status status, std::vector<Sample> samples = {}) {
    Outcome outcome;
    outcome.probe = "workers";
    outcome.result.status = status;
    outcome.result.samples = std::move(samples);
    outcome.at = begin + std::chrono::seconds{runs++};
    history.on(outcome, 0ns);
  }
  const ProbeView& view() const { return history.probe("workers"); }

  History history;
  int runs = 0;
};

Sample queue(const char* name, double length) {
  return {"healthd_celery_queue_length", length, {{"queue", name}}};
}

}  // namespace

TEST_CASE("each result is kept with its time and status, and of many the newest ninety") {
  Bench bench;
  for (int i = 0; i < 200; ++i) bench.run(i == 199 ? Status::down : Status::up);
  const auto& past = bench.view().past();
  REQUIRE(past.size() == most_past_results);
  CHECK(past.front().time() == begin + 110s);
  CHECK(past.back().time() == begin + 199s);
  CHECK(past.back().status == Status::down);
}

TEST_CASE("messages of all queues are counted together, and where nobody counts there is no number") {
  Bench bench;
  bench.run(Status::up, {queue("celery", 4), queue("reports", 3), {"healthd_celery_workers_online", 2, {}}});
  CHECK(bench.view().past().back().waiting == 7);
  bench.run(Status::up, {queue("celery", 0)});
  CHECK(bench.view().past().back().waiting == 0);
  bench.run(Status::down);
  CHECK(bench.view().past().back().waiting == -1);
  bench.run(Status::up, {queue("celery", 1e300)});
  CHECK(bench.view().past().back().waiting > 1'000'000'000);
}

TEST_CASE("a page that is being made keeps the history that it began with") {
  Bench bench;
  bench.run(Status::up);
  const ProbeView seen = bench.view();
  bench.run(Status::down);
  CHECK(seen.past().size() == 1);
  CHECK(bench.view().past().size() == 2);
}

TEST_CASE("a run that our own stall spoilt is no part of the history") {
  Bench bench;
  Outcome outcome;
  outcome.probe = "workers";
  outcome.delayed = true;
  bench.history.on(outcome, 0ns);
  CHECK(bench.view().past().empty());
}
