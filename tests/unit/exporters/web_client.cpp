#include "web_client.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace healthd::test {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto patience = 10s;

}  // namespace

WebClient::WebClient() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  if (socket_ < 0) throw std::runtime_error{"no socket"};
}

WebClient::WebClient(std::uint16_t port) : WebClient{} { connect(port); }

WebClient::~WebClient() { ::close(socket_); }

void WebClient::connect(std::uint16_t port, unsigned from) {
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffU) | from);
  if (from != 0 && ::bind(socket_, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0)
    throw std::runtime_error{"the client cannot have its address"};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error{"the server does not accept connections"};
  }
}

bool WebClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

WebClient::Wait WebClient::receive(Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
  pollfd waiting{socket_, POLLIN, 0};
  if (::poll(&waiting, 1, static_cast<int>(std::max<long long>(left.count(), 0))) <= 0) return Wait::too_long;
  std::array<char, 65536> part{};
  const auto size = ::recv(socket_, part.data(), part.size(), 0);
  if (size <= 0) return Wait::closed;
  received_.append(part.data(), static_cast<std::size_t>(size));
  return Wait::data;
}

std::string WebClient::response(bool header_only) {
  const auto until = Clock::now() + patience;
  for (;;) {
    const auto end = received_.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::string length = header_only ? "0" : field(received_, "Content-Length");
      const std::size_t size = end + 4 + (length.empty() ? 0 : std::stoul(length));
      if (received_.size() >= size) {
        std::string whole = received_.substr(0, size);
        received_.erase(0, size);
        return whole;
      }
    }
    if (receive(until) != Wait::data) return std::exchange(received_, {});
  }
}

std::string WebClient::rest() {
  const auto until = Clock::now() + patience;
  while (receive(until) == Wait::data) {
  }
  return std::exchange(received_, {});
}

bool WebClient::closed_within(std::chrono::milliseconds span) {
  const auto until = Clock::now() + span;
  for (;;) {
    const Wait result = receive(until);
    if (result != Wait::data) return result == Wait::closed;
  }
}

std::string get(std::string_view path) {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

std::string field(const std::string& response, const std::string& name) {
  const auto at = response.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const auto begin = at + name.size() + 4;
  return response.substr(begin, response.find("\r\n", begin) - begin);
}

std::string body(const std::string& response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string::npos ? "" : response.substr(end + 4);
}

}  // namespace healthd::test
