#include "probes/net/happening.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <exception>

#include "probes/with_deadline.hpp"
#include "tests/support/run.hpp"

using namespace healthd;
using namespace std::chrono_literals;

namespace {

/// Somebody who waits once; the loop goes on until nothing is left to do without a further announcement.
struct Waiter {
  Waiter(asio::io_context& loop, Happening& happening) {
    asio::co_spawn(loop, happening.wait(),
                   asio::bind_cancellation_slot(stop.slot(), [this](std::exception_ptr error) {
                     ended = true;
                     thrown = error;
                   }));
  }

  bool was_cancelled() const {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& error) {
      return error.code() == asio::error::operation_aborted;
    }
    return false;
  }

  asio::cancellation_signal stop;
  bool ended = false;
  std::exception_ptr thrown;
};

asio::awaitable<void> wait_for(Happening& happening, const int& count, int enough, int& looks) {
  while (count < enough) {
    ++looks;
    co_await happening.wait();
  }
}

void go_on(asio::io_context& loop) {
  loop.restart();
  loop.poll();
}

}  // namespace

TEST_CASE("an announcement wakes everybody who waits, and nobody wakes before it") {
  asio::io_context loop{1};
  Happening happening;
  Waiter one{loop, happening};
  Waiter other{loop, happening};
  go_on(loop);
  CHECK_FALSE(one.ended);
  CHECK_FALSE(other.ended);
  happening.announce();
  go_on(loop);
  CHECK(one.ended);
  CHECK(other.ended);
  CHECK_FALSE(one.thrown);
  CHECK_FALSE(other.thrown);
}

TEST_CASE("what happened before somebody waits does not wake him") {
  asio::io_context loop{1};
  Happening happening;
  happening.announce();
  Waiter first{loop, happening};
  go_on(loop);
  CHECK_FALSE(first.ended);
  happening.announce();
  go_on(loop);
  CHECK(first.ended);
  happening.announce();
  Waiter second{loop, happening};
  go_on(loop);
  CHECK_FALSE(second.ended);
  happening.announce();
  go_on(loop);
  CHECK(second.ended);
}

TEST_CASE("a wait that is cancelled says so, and the others wait on") {
  asio::io_context loop{1};
  Happening happening;
  Waiter stopped{loop, happening};
  Waiter patient{loop, happening};
  go_on(loop);
  stopped.stop.emit(asio::cancellation_type::terminal);
  go_on(loop);
  CHECK(stopped.was_cancelled());
  CHECK_FALSE(patient.ended);
  happening.announce();
  go_on(loop);
  CHECK(patient.ended);
  CHECK_FALSE(patient.thrown);
}

TEST_CASE("who is cancelled while the news is on its way ends, rather than going on") {
  asio::io_context loop{1};
  Happening happening;
  Waiter waiter{loop, happening};
  go_on(loop);
  happening.announce();
  waiter.stop.emit(asio::cancellation_type::terminal);
  go_on(loop);
  CHECK(waiter.was_cancelled());
}

TEST_CASE("who waits for a condition looks once for each announcement, and never in vain again and again") {
  asio::io_context loop{1};
  Happening happening;
  int count = 0;
  int looks = 0;
  bool ended = false;
  asio::co_spawn(loop, wait_for(happening, count, 3, looks), [&](std::exception_ptr) { ended = true; });
  go_on(loop);
  while (count < 3) {
    CHECK(looks == count + 1);
    CHECK_FALSE(ended);
    ++count;
    happening.announce();
    go_on(loop);
  }
  CHECK(ended);
  CHECK(looks == 3);
}

TEST_CASE("a deadline ends a wait for what never happens") {
  asio::io_context loop{1};
  Happening happening;
  const auto wait = [](Happening& what) -> asio::awaitable<bool> {
    co_await what.wait();
    co_return true;
  };
  CHECK_FALSE(test::run(loop, with_deadline(wait(happening), Deadline::in(5ms))));
}
