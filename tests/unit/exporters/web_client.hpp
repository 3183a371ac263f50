// A client for the web server's tests: sends bytes as they are, and waits no longer than a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace healthd::test {

class WebClient {
 public:
  explicit WebClient(std::uint16_t port);
  /// Not connected yet; only has its socket.
  WebClient();
  ~WebClient();
  WebClient(const WebClient&) = delete;
  WebClient& operator=(const WebClient&) = delete;

  /// `from`: the last byte of our own address, 127.0.0.X.
  void connect(std::uint16_t port, unsigned from = 0);
  /// False once the server has closed.
  bool send(std::string_view bytes);
  /// One whole response (by its Content-Length), or what came until the server closed or the deadline passed.
  std::string response(bool header_only = false);
  /// Everything until the server closes.
  std::string rest();
  /// Whether the server closes by the deadline; what it sends is thrown away.
  bool closed_within(std::chrono::milliseconds span);

 private:
  enum class Wait { data, closed, too_long };
  Wait receive(std::chrono::steady_clock::time_point until);

  int socket_;
  std::string received_;
};

std::string get(std::string_view path);

/// The value of a header field; "" where there is none.
std::string field(const std::string& response, const std::string& name);
std::string body(const std::string& response);

}  // namespace healthd::test
