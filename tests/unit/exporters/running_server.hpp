// A web server on a loop of its own. Stopping waits until every connection has ended: a leak hangs the test.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include "exporters/http_server.hpp"

namespace healthd::test {

class RunningServer {
 public:
  explicit RunningServer(WebHandler handler, WebLimits limits = {},
                         std::function<void(unsigned)> refused = {}, WebFront front = {})
      : server_{loop_.get_executor(), std::move(handler), std::move(refused), limits, std::move(front)},
        port_{server_.listen({"127.0.0.1", 0}).value().port} {
    asio::co_spawn(loop_, server_.serve(),
                   asio::bind_cancellation_slot(stop_.slot(), [](std::exception_ptr error) {
                     if (error) std::rethrow_exception(error);
                   }));
    thread_ = std::thread{[this] { loop_.run(); }};
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() { stop(); }

  std::uint16_t port() const { return port_; }
  /// For what belongs to the server's thread.
  asio::any_io_executor executor() { return loop_.get_executor(); }

  /// How long it took.
  std::chrono::steady_clock::duration stop() {
    const auto begin = std::chrono::steady_clock::now();
    if (thread_.joinable()) {
      asio::post(loop_, [this] { stop_.emit(asio::cancellation_type::terminal); });
      thread_.join();
    }
    return std::chrono::steady_clock::now() - begin;
  }

 private:
  asio::io_context loop_{1};
  HttpServer server_;
  std::uint16_t port_;
  asio::cancellation_signal stop_;
  std::thread thread_;
};

}  // namespace healthd::test
