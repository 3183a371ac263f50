#include "probes/net/turns.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace healthd {

/// Stands in the queue for as long as it lives; a turn that was granted but never picked up is passed on.
struct Turns::Waiter {
  Waiter(Turns& turns, const asio::any_io_executor& executor)
      : owner{turns}, granted_signal{executor, asio::steady_timer::time_point::max()} {
    owner.waiting_.push_back(this);
  }
  ~Waiter() {
    owner.waiting_.remove(this);
    if (granted) owner.pass_on();
  }

  Turns& owner;
  asio::steady_timer granted_signal;
  bool granted = false;
};

asio::awaitable<Turns::Turn> Turns::take() {
  if (!taken_) {
    taken_ = true;
    co_return Turn{*this};
  }
  const auto executor = co_await asio::this_coro::executor;
  Waiter waiter{*this, executor};
  // Both a granted turn and a cancel of ours end the wait as "aborted".
  co_await waiter.granted_signal.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!waiter.granted) throw boost::system::system_error{asio::error::operation_aborted};
  waiter.granted = false;
  co_return Turn{*this};
}

void Turns::pass_on() {
  if (waiting_.empty()) {
    taken_ = false;
    return;
  }
  Waiter* next = waiting_.front();
  waiting_.pop_front();
  next->granted = true;
  next->granted_signal.cancel();
}

}  // namespace healthd
