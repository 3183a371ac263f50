// Runs something for as long as something else takes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

namespace healthd {

namespace asio = boost::asio;

/// Ends by a cancel only, or by what is thrown.
inline asio::awaitable<void> for_good(asio::awaitable<void> companion) {
  co_await std::move(companion);
  asio::steady_timer never{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
  co_await never.async_wait(asio::use_awaitable);
}

/// The result of `work`. Meanwhile `companion` runs, and is cancelled when `work` has ended; what it throws
/// on its own account ends both. T must be default-constructible.
template <typename T>
asio::awaitable<T> beside(asio::awaitable<void> companion, asio::awaitable<T> work) {
  auto executor = co_await asio::this_coro::executor;
  // The companion first, so that it has begun when the work does.
  auto lasting = for_good(std::move(companion));
  auto both =
      asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(lasting), asio::deferred),
                                              asio::co_spawn(executor, std::move(work), asio::deferred));
  auto [order, companion_error, error, value] =
      co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (order[0] == 0 && companion_error) std::rethrow_exception(companion_error);
  if (error) std::rethrow_exception(error);
  co_return std::move(value);
}

}  // namespace healthd
