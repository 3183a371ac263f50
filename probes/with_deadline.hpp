// The one timeout idiom. `op || timer` is not it: it waits for the first success, so a connection that is
// refused at once would be reported late, as a timeout.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>

#include "probes/deadline.hpp"

namespace healthd {

namespace asio = boost::asio;

/// Runs `op` until `deadline`. nullopt: the deadline came first; `op` was cancelled and has unwound. What
/// `op` throws is rethrown. Put only cancellable operations inside: the wait lasts until the loser has ended.
/// T must be default-constructible (Asio makes one on its error path).
template <typename T>
asio::awaitable<std::optional<T>> with_deadline(asio::awaitable<T> op, Deadline deadline) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer{executor, deadline.when()};
  auto race = asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(op), asio::deferred),
                                                      timer.async_wait(asio::deferred));
  auto [order, error, value, timer_error] =
      co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  if (order[0] == 1 && !timer_error) co_return std::nullopt;
  if (error) std::rethrow_exception(error);
  co_return std::optional<T>{std::move(value)};
}

}  // namespace healthd
