// What tests of the celery probe on real servers share.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>

#include "probes/beside.hpp"
#include "tests/support/celery_stack.hpp"
#include "tests/support/probe_bench.hpp"

namespace healthd::test {

using namespace std::chrono_literals;

/// The probe of a broker and the celery probe beside it.
inline std::unique_ptr<Probe> make_celery_probe(ProbeBench& bench, const RedisServer& redis,
                                                const std::string& more = "", int database = 0) {
  bench.make("redis", "broker", "url: " + redis.url(database) + "\nrole: broker\n");
  auto probe = bench.make("celery", "workers", "broker: broker\n" + more);
  INFO(bench.problems());
  REQUIRE(bench.problems().empty());
  return probe;
}

/// Keys of ours on the broker: the binding of our reply queue, and the queue.
inline std::string left_over(const RedisServer& redis) { return redis.say({"KEYS", "*reply*"}); }

inline long long clients(const RedisServer& redis) {
  const auto list = redis.say({"CLIENT", "LIST"});
  long long count = 0;
  for (auto at = list.find("name=superset-healthd"); at != std::string::npos;
       at = list.find("name=superset-healthd", at + 1))
    ++count;
  return count;
}

/// A probe that listens beside its runs, as in the daemon.
class Listening {
 public:
  Listening(ProbeBench& bench, Probe& probe) : bench_{bench}, probe_{probe} {}

  template <typename Condition>
  ProbeResult until(Condition condition, std::chrono::seconds patience = 20s) {
    auto trying = try_until(condition, Deadline::in(patience));
    auto both = beside(probe_.listen(bench_.tools()), std::move(trying));
    return healthd::test::run(bench_.loop(), std::move(both));
  }

 private:
  template <typename Condition>
  asio::awaitable<ProbeResult> try_until(Condition condition, Deadline deadline) {
    for (;;) {
      auto outcome = co_await run_probe(probe_, "probe", 3s, bench_.tools());
      if (condition(outcome.result) || deadline.passed()) co_return std::move(outcome.result);
      asio::steady_timer pause{bench_.loop(), 200ms};
      co_await pause.async_wait(asio::use_awaitable);
    }
  }

  ProbeBench& bench_;
  Probe& probe_;
};

}  // namespace healthd::test
