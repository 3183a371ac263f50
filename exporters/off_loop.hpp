// Work that takes milliseconds, on another thread, awaited from the loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <utility>

namespace healthd {

namespace asio = boost::asio;

/// Runs `work` on `pool`; the caller goes on upon its own loop. What `work` throws is thrown there. Not
/// cancelled; the pool's threads must end before the loop is destroyed.
template <typename Result>
asio::awaitable<Result> off_loop(asio::any_io_executor pool, std::function<Result()> work) {
  auto start = [](auto handler, asio::any_io_executor on, std::function<Result()> job) {
    auto home = asio::get_associated_executor(handler);
    auto task = [handler = std::move(handler), guard = asio::make_work_guard(home), home,
                 job = std::move(job)]() mutable {
      Result result{};
      std::exception_ptr bug;
      try {
        result = job();
      } catch (...) {
        bug = std::current_exception();
      }
      auto finish = [handler = std::move(handler), bug, result = std::move(result)]() mutable {
        std::move(handler)(bug, std::move(result));
      };
      asio::post(home, std::move(finish));
    };
    asio::post(on, std::move(task));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, Result)>(
      start, asio::use_awaitable, std::move(pool), std::move(work));
}

}  // namespace healthd
