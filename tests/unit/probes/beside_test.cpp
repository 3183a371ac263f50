#include "probes/beside.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch_test_macros.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "probes/with_deadline.hpp"
#include "tests/support/run.hpp"

using namespace healthd;
using namespace std::chrono_literals;

namespace {

/// What happened, in its order.
using Log = std::vector<std::string>;

/// Says when it was left, by whichever way.
struct Leaving {
  Log& log;
  std::string who;
  ~Leaving() { log.push_back(who + " left"); }
};

asio::awaitable<void> for_ever(Log& log, std::string who = "companion") {
  const Leaving leaving{log, who};
  log.push_back(who + " began");
  asio::steady_timer timer{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
  co_await timer.async_wait(asio::use_awaitable);
}

/// As for_ever(), but being stopped makes it fail in its own way.
asio::awaitable<void> fails_when_stopped(Log& log) {
  try {
    co_await for_ever(log);
  } catch (const boost::system::system_error&) {
    throw std::runtime_error{"failed on its way out"};
  }
}

asio::awaitable<void> turns_of_the_loop(int count) {
  const auto executor = co_await asio::this_coro::executor;
  for (int turn = 0; turn < count; ++turn) co_await asio::post(executor, asio::use_awaitable);
}

asio::awaitable<void> fails_after(int turns) {
  co_await turns_of_the_loop(turns);
  throw std::runtime_error{"the companion failed"};
}

asio::awaitable<std::string> work(Log& log, int turns) {
  const Leaving leaving{log, "work"};
  log.emplace_back("work began");
  co_await turns_of_the_loop(turns);
  co_return "the result";
}

asio::awaitable<std::string> endless_work(Log& log) {
  co_await for_ever(log, "work");
  co_return "never";
}

asio::awaitable<std::string> failing_work() {
  throw std::runtime_error{"the work failed"};
  co_return "";
}

/// What `task` throws; "" where it does not.
template <typename T>
std::string failure_of(asio::awaitable<T> task) {
  try {
    test::run(std::move(task));
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the companion begins first, runs meanwhile, and is stopped when the work ends") {
  Log log;
  CHECK(test::run(beside(for_ever(log), work(log, 5))) == "the result");
  REQUIRE(log.size() == 4);
  CHECK(log[0] == "companion began");
  CHECK(log[1] == "work began");
  CHECK(log[2] == "work left");
  CHECK(log[3] == "companion left");
}

TEST_CASE("work that ends at once gives its result as well") {
  Log log;
  CHECK(test::run(beside(for_ever(log), work(log, 0))) == "the result");
  CHECK(log.back() == "companion left");
}

TEST_CASE("what the companion throws on its own account ends both, at once") {
  Log log;
  CHECK(failure_of(beside(fails_after(3), endless_work(log))) == "the companion failed");
  CHECK(log == Log{"work began", "work left"});
}

TEST_CASE("what the work throws is thrown, and the companion is stopped") {
  Log log;
  CHECK(failure_of(beside(for_ever(log), failing_work())) == "the work failed");
  CHECK(log.back() == "companion left");
}

TEST_CASE("a companion that fails while it is stopped takes no result away") {
  Log log;
  CHECK(test::run(beside(fails_when_stopped(log), work(log, 3))) == "the result");
}

TEST_CASE("a companion that fails in the very moment in which the work ends leaves a result or its failure") {
  for (auto turns = 0; turns < 8; ++turns) {
    Log log;
    std::string result;
    const auto failure = failure_of([&]() -> asio::awaitable<bool> {
      auto both = beside(fails_after(4), work(log, turns));
      result = co_await std::move(both);
      co_return true;
    }());
    CHECK((result == "the result") == failure.empty());
    CHECK((failure.empty() || failure == "the companion failed"));
  }
}

TEST_CASE("a companion that has nothing more to do lets the work go on") {
  Log log;
  CHECK(failure_of(beside(turns_of_the_loop(1), work(log, 10))).empty());
}

TEST_CASE("a deadline on both stops both") {
  Log log;
  auto both = beside(for_ever(log), endless_work(log));
  CHECK_FALSE(test::run(with_deadline(std::move(both), Deadline::in(5ms))));
  REQUIRE(log.size() == 4);
  CHECK(std::ranges::count(log, "companion left") == 1);
  CHECK(std::ranges::count(log, "work left") == 1);
}
