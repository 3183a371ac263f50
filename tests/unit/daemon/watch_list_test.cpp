#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>

#include "daemon/watch_list.hpp"
#include "probes/net/resolve.hpp"
#include "tests/support/run.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

/// Is always well, at once.
class Well final : public Probe {
 public:
  asio::awaitable<ProbeResult> run(Tools&, Trace&, Deadline) override { co_return ProbeResult{}; }
  std::string target() const override { return "127.0.0.1:1"; }
};

BuiltProbe built(const std::string& name, const std::string& fingerprint) {
  BuiltProbe made;
  made.config.name = name;
  made.config.interval = made.config.retry_interval = 10ms;
  made.config.timeout = 10ms;
  made.fingerprint = fingerprint;
  made.probe = std::make_unique<Well>();
  return made;
}

asio::awaitable<bool> ended(asio::awaitable<void> task) {
  co_await std::move(task);
  co_return true;
}

/// A list of two probes, and how often each has run.
struct Bench {
  Bench() {
    for (const auto* name : {"a", "b"}) {
      auto one = built(name, "1");
      list.add("stack", one);
    }
    list.start();
  }
  ~Bench() { test::run(loop, ended(list.stop())); }

  void turn() {
    loop.restart();
    loop.run_for(5ms);
  }
  bool on_run(const Run& run) {
    if (run.outcome.probe == throws) {
      throws.clear();
      throw std::runtime_error{"a bug"};
    }
    ++runs[run.outcome.probe];
    return false;
  }
  /// Lets the loop run until the probe has done so as well.
  bool runs_again(const std::string& name) {
    const auto before = runs[name];
    const auto until = Deadline::in(5s);
    while (runs[name] == before && !until.passed()) turn();
    return runs[name] > before;
  }

  asio::io_context loop{1};
  Resolver resolver{loop.get_executor()};
  Tools tools{resolver, loop.get_executor()};
  std::map<std::string, int> runs;
  std::string throws;
  std::vector<std::string> escaped;
  WatchList list{loop.get_executor(), tools, [this](Run run) { return on_run(run); },
                 [this](const std::string& name, const std::string&) { escaped.push_back(name); }};
};

}  // namespace

TEST_CASE("a probe whose loop ended by a bug is put to work again, and named") {
  Bench bench;
  REQUIRE(bench.runs_again("a"));
  CHECK(bench.list.sweep(Deadline::Clock::now()).empty());
  bench.throws = "a";
  const auto until = Deadline::in(5s);
  while (bench.escaped.empty() && !until.passed()) bench.turn();
  REQUIRE(bench.escaped.size() == 1);
  CHECK(bench.escaped.front() == "watch a");
  CHECK(bench.list.sweep(Deadline::Clock::now()) == std::vector<std::string>{"a"});
  CHECK(bench.runs_again("a"));
  CHECK(bench.runs_again("b"));
  CHECK(bench.list.sweep(Deadline::Clock::now()).empty());
}

TEST_CASE("a probe that has shown nothing for too long is ended first, and begins anew after that") {
  Bench bench;
  REQUIRE(bench.runs_again("a"));
  const auto late = Deadline::Clock::now() + 2min;
  CHECK(bench.list.stuck(Deadline::Clock::now()) == nullptr);
  REQUIRE(bench.list.stuck(late) != nullptr);
  CHECK(*bench.list.stuck(late) == "a");
  CHECK(bench.list.sweep(late).empty());
  bench.turn();
  CHECK(bench.list.sweep(late).size() == 2);
  CHECK(bench.runs_again("a"));
}

TEST_CASE("probes that a new configuration leaves alone go on, and others end") {
  Bench bench;
  REQUIRE(bench.runs_again("b"));
  std::vector<BuiltProbe> next;
  next.push_back(built("a", "1"));
  next.push_back(built("b", "2"));
  const auto kept = bench.list.unchanged(next);
  CHECK(kept == std::set<std::string>{"a"});
  test::run(bench.loop, ended(bench.list.keep_only(kept)));
  CHECK(bench.list.size() == 1);
  const auto ended = bench.runs["b"];
  CHECK(bench.runs_again("a"));
  CHECK(bench.runs["b"] == ended);
}

}  // namespace healthd
