#include "probes/net/postgres_libpq.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

namespace healthd {
namespace {

/// libpq always has room for so much.
constexpr std::size_t piece_bytes = 8192;

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error{errno, std::generic_category(), what};
  return result;
}

/// Ten times what anybody recommends; about a second.
constexpr std::size_t most_iterations = 1'000'000;

std::size_t big_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

/// Of SCRAM, where that is what the server says: `r=...,s=...,i=4096`. What is too long for a number is too
/// much as well.
std::size_t iterations(std::string_view says) {
  constexpr std::string_view sasl_continues{"\0\0\0\x0b", 4};
  constexpr std::string_view mark = ",i=";
  const auto at = says.find(mark);
  if (!says.starts_with(sasl_continues) || at == std::string_view::npos) return 0;
  std::size_t count = 0;
  const char* end = says.data() + says.size();
  const auto read = std::from_chars(says.data() + at + mark.size(), end, count);
  return read.ec == std::errc::result_out_of_range ? most_iterations + 1 : count;
}

bool try_again(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

asio::awaitable<bool> pg_ready(int socket, PgWait what) {
  auto executor = co_await asio::this_coro::executor;
  const int copy = checked(::fcntl(socket, F_DUPFD_CLOEXEC, 0), "duplicating a PostgreSQL socket");
  asio::posix::stream_descriptor descriptor{executor, copy};
  co_await descriptor.async_wait(what, asio::use_awaitable);
  co_return true;
}

PgWire::PgWire(PGconn* connection, asio::any_io_executor executor)
    : outside_{executor}, libpqs_{PQsocket(connection)} {
  outside_.assign(checked(::fcntl(libpqs_, F_DUPFD_CLOEXEC, 0), "taking over a PostgreSQL socket"));
  std::array<int, 2> pair{};
  checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()),
          "making a pair of sockets");
  inside_ = pair[0];
  const int given = ::dup3(pair[1], libpqs_, O_CLOEXEC);
  ::close(pair[1]);
  if (given < 0) ::close(inside_);
  checked(given, "giving libpq its end of a pair of sockets");
}

/// libpq's last words are the goodbye, without which the server counts a session as abandoned.
PgWire::~PgWire() {
  collect();
  [[maybe_unused]] const auto sent =
      ::send(outside_.native_handle(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::close(inside_);
}

void PgWire::collect() {
  std::array<char, piece_bytes> piece{};
  for (;;) {
    const auto got = ::recv(inside_, piece.data(), piece.size(), MSG_DONTWAIT);
    if (got <= 0) return;
    unsent_.append(piece.data(), static_cast<std::size_t>(got));
  }
}

asio::awaitable<void> PgWire::flush() {
  collect();
  while (!unsent_.empty()) {
    const auto sent =
        ::send(outside_.native_handle(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      unsent_.erase(0, static_cast<std::size_t>(sent));
    } else if (try_again(errno)) {
      co_await outside_.async_wait(PgWait::wait_write, asio::use_awaitable);
    } else {
      unsent_.clear();  // reading tells what happened
    }
  }
}

asio::awaitable<void> PgWire::fill() {
  int unread = 0;
  if (::ioctl(libpqs_, FIONREAD, &unread) == 0 && unread > 0) co_return;
  while (!hand_on()) co_await outside_.async_wait(PgWait::wait_read, asio::use_awaitable);
}

/// False where nothing has come.
bool PgWire::hand_on() {
  std::array<char, piece_bytes> piece{};
  const auto got = ::recv(outside_.native_handle(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (got < 0 && try_again(errno)) return false;
  if (got < 0) error_.assign(errno, boost::system::system_category());
  const auto bytes = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  flooded_ = bytes > left_;
  left_ -= std::min(bytes, left_);
  if (looks_) look_at({piece.data(), bytes});
  if (bytes == 0 || flooded_ || absurd_) {
    end();
  } else if (::send(inside_, piece.data(), bytes, MSG_DONTWAIT | MSG_NOSIGNAL) != got) {
    end();  // cannot be: libpq has read all that came before
  }
  return true;
}

/// Message by message: a letter, a length, and what it says. An answer to a question for TLS comes before.
void PgWire::look_at(std::string_view piece) {
  constexpr std::size_t head = 5;
  login_ += piece;
  if (login_.starts_with('S')) looks_ = false;  // TLS: what follows cannot be read here
  if (login_.starts_with('N') && !std::exchange(answered_, true)) login_.erase(0, 1);
  while (looks_ && login_.size() >= head) {
    const auto length = big_endian(std::string_view{login_}.substr(1, 4));
    if (length < head - 1) looks_ = false;
    if (login_.size() <= length || !looks_) return;
    const auto message = std::string_view{login_}.substr(0, length + 1);
    looks_ = message.starts_with('R') && !message.substr(head).starts_with(std::string_view{"\0\0\0\0", 4});
    absurd_ = absurd_ || iterations(message.substr(head)) > most_iterations;
    login_.erase(0, length + 1);
  }
}

/// libpq reads the end of the connection.
void PgWire::end() { ::shutdown(inside_, SHUT_WR); }

bool PgWire::unacknowledged() {
  tcp_info info{};
  socklen_t size = sizeof info;
  const int socket = outside_.native_handle();
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  return info.tcpi_unacked > 0 && info.tcpi_retransmits > 0;
}

}  // namespace healthd
