// The control socket: one JSON object per line in, one per line out, for people on this host. Who may write
// to the socket's file may command.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace healthd {

namespace asio = boost::asio;

class ControlServer {
 public:
  /// `peer`: the user at the other end, as `uid 0`. The answer is one line without its end. May be cancelled.
  using Handler = std::function<asio::awaitable<std::string>(std::string request, std::string peer)>;

  /// `patience`: how long one connection may last.
  ControlServer(asio::any_io_executor executor, std::string path, Handler handler,
                std::chrono::milliseconds patience = std::chrono::seconds{10});
  ~ControlServer();  ///< removes the socket's file

  /// "" , or why there is no socket: an error for people.
  std::string listen();
  /// Serves until cancelled. After listen(). At most 16 connections at a time, and 64 KiB a line; what
  /// is more is closed without an answer.
  asio::awaitable<void> serve();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace healthd
