// Runs one coroutine to its end on a loop of its own, with a guard against hanging.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

namespace healthd::test {

/// The coroutine's value; rethrows what it threw. Fails after `guard`. `loop` may be given where the
/// coroutine uses objects that belong to one.
template <typename T>
T run(boost::asio::io_context& loop, boost::asio::awaitable<T> task,
      std::chrono::steady_clock::duration guard = std::chrono::seconds{20}) {
  std::optional<T> value;
  std::exception_ptr error;
  bool ended = false;
  boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown, T result) {
    error = thrown;
    value.emplace(std::move(result));
    ended = true;
    loop.stop();
  });
  loop.restart();
  loop.run_for(guard);
  if (error) std::rethrow_exception(error);
  if (!ended) throw std::runtime_error{"the coroutine did not end in time"};
  return std::move(*value);
}

template <typename T>
T run(boost::asio::awaitable<T> task, std::chrono::steady_clock::duration guard = std::chrono::seconds{20}) {
  boost::asio::io_context loop{1};
  return run(loop, std::move(task), guard);
}

}  // namespace healthd::test
