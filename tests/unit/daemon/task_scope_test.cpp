#include "daemon/task_scope.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/support/run.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

asio::awaitable<void> wait_for_ever() {
  asio::steady_timer timer{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> fail() {
  throw std::runtime_error{"a bug"};
  co_return;
}

asio::awaitable<bool> stop(TaskScope& scope) {
  co_await scope.stop();
  co_return true;
}

}  // namespace

TEST_CASE("stopping a scope cancels every task and waits for all of them") {
  asio::io_context loop{1};
  std::string escaped;
  TaskScope scope{loop.get_executor(), [&](const std::string& name, const std::string&) { escaped += name; }};
  for (int i = 0; i < 10; ++i) scope.spawn("task", wait_for_ever());
  loop.poll();
  CHECK_FALSE(scope.empty());
  CHECK(test::run(loop, stop(scope), 5s));
  CHECK(scope.empty());
  CHECK(escaped.empty());
}

TEST_CASE("what escapes from a task is reported under its name") {
  asio::io_context loop{1};
  std::string escaped;
  TaskScope scope{loop.get_executor(),
                  [&](const std::string& name, const std::string& error) { escaped = name + ": " + error; }};
  scope.spawn("watch edge", fail());
  loop.poll();
  CHECK(escaped == "watch edge: a bug");
  CHECK(scope.empty());
}

}  // namespace healthd
