#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "probes/net/reply_identity.hpp"
#include "probes/net/turns.hpp"
#include "probes/with_deadline.hpp"
#include "tests/support/run.hpp"

using namespace healthd;
using namespace std::chrono_literals;

namespace {

asio::awaitable<int> hold(Turns& turns, std::vector<int>& order, int who, std::chrono::milliseconds span) {
  const auto turn = co_await turns.take();
  order.push_back(who);
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer{executor, span};
  co_await timer.async_wait(asio::use_awaitable);
  order.push_back(-who);
  co_return who;
}

}  // namespace

TEST_CASE("turns never overlap and come in the order of asking") {
  Turns turns;
  std::vector<int> order;
  asio::io_context loop{1};
  for (const int who : {1, 2, 3})
    asio::co_spawn(loop, hold(turns, order, who, 2ms),
                   [](std::exception_ptr error, int) { CHECK_FALSE(error); });
  loop.run();
  CHECK(order == std::vector{1, -1, 2, -2, 3, -3});
}

TEST_CASE("who gives up waiting, or is stopped with the turn, holds up nobody") {
  Turns turns;
  std::vector<int> order;
  const auto scene = [&]() -> asio::awaitable<bool> {
    auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(executor, hold(turns, order, 1, 50ms), [](std::exception_ptr, int) {});
    co_await asio::post(executor, asio::use_awaitable);
    auto impatient = hold(turns, order, 2, 1ms);
    const auto second = co_await with_deadline(std::move(impatient), Deadline::in(5ms));
    auto slow = hold(turns, order, 3, 10s);
    const auto third = co_await with_deadline(std::move(slow), Deadline::in(100ms));
    auto last = hold(turns, order, 4, 1ms);
    const auto fourth = co_await with_deadline(std::move(last), Deadline::in(5s));
    co_return !second && !third && fourth == 4;
  };
  CHECK(test::run(scene()));
  CHECK(order == std::vector{1, -1, 3, 4, -4});
}

TEST_CASE("a loop that ends with waiters in the queue leaves nothing behind") {
  Turns turns;
  std::vector<int> order;
  {
    asio::io_context loop{1};
    for (const int who : {1, 2, 3})
      asio::co_spawn(loop, hold(turns, order, who, 10s), [](std::exception_ptr, int) {});
    loop.poll();
  }
  asio::io_context next{1};
  CHECK(test::run(next, hold(turns, order, 4, 1ms)) == 4);
}

TEST_CASE("the reply identity is stable over restarts and never shared by two at a time") {
  std::string first;
  {
    const ReplyIdentity daemon{"stack", "broker"};
    const ReplyIdentity one_shot{"stack", "broker"};
    const ReplyIdentity other{"stack", "second_broker"};
    CHECK(daemon.id() != one_shot.id());
    CHECK(daemon.id() != other.id());
    first = daemon.id();
  }
  const ReplyIdentity again{"stack", "broker"};
  CHECK(again.id() == first);
}
