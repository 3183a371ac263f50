#include "probes/net/happening.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace healthd {

asio::awaitable<void> Happening::wait() {
  if (!timer_) timer_.emplace(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  co_await timer_->async_wait(asio::as_tuple(asio::use_awaitable));
  // An announcement and a cancel of ours both end the wait as "aborted".
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error{asio::error::operation_aborted};
}

void Happening::announce() {
  if (timer_) timer_->cancel();
}

}  // namespace healthd
