#include "probes/statsd_listener.hpp"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <charconv>
#include <chrono>
#include <optional>
#include <sstream>
#include <utility>

#include "probes/net/redis.hpp"  // completes what a Workshop holds
#include "probes/workshop.hpp"

namespace healthd {
namespace {

using asio::ip::udp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_bytes = 8 * 1024;  ///< of one datagram; Gunicorn's have less than a hundred
constexpr int wished_buffer = 1024 * 1024;    ///< the kernel may give less

// What a datagram costs is its bytes and a fixed part for the call. Beyond its share of a second the listener
// rests, and the kernel throws away what comes meanwhile: nothing is cheaper.
constexpr std::size_t cost_of_call = 200;
constexpr std::size_t most_of_turn = 64 * 1024;
constexpr std::size_t most_of_second = 5'000'000;  ///< 20,000 of Gunicorn's lines

constexpr std::chrono::seconds first_pause{1};
constexpr std::chrono::seconds longest_pause{30};

/// Datagrams that the kernel has thrown away for this socket; it counts in 32 bits, over and over.
std::optional<std::uint32_t> lost_by_kernel(udp::socket& socket) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> figures{};
  socklen_t length = sizeof figures;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_MEMINFO, figures.data(), &length) != 0)
    return std::nullopt;
  return figures[SK_MEMINFO_DROPS];
}

std::string to_text(const udp::endpoint& address) {
  std::ostringstream text;
  text << address;
  return text.str();
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

/// `127.0.0.1:9125` or `[::1]:9125`; names would have to be looked up.
std::optional<udp::endpoint> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  const auto port = parse_port(text.substr(colon + 1));
  if (error || address.is_v6() != bracketed || !port) return std::nullopt;
  return udp::endpoint{address, *port};
}

bool is_prefix(std::string_view text) {
  const auto letter = [](char c) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return plain || c == '.' || c == '_' || c == '-';
  };
  return text.size() <= 100 && std::ranges::all_of(text, letter);
}

asio::awaitable<void> pause_until(Clock::time_point when) {
  asio::steady_timer timer{co_await asio::this_coro::executor, when};
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

StatsdListener::StatsdListener(udp::endpoint address, std::string_view prefix)
    : address_{std::move(address)}, counters_{prefix} {}

asio::awaitable<void> StatsdListener::listen() {
  tried_ = true;
  auto pause = first_pause;
  for (;;) {
    udp::socket socket{co_await asio::this_coro::executor};
    error_ = open(socket);
    if (!error_) {
      heard_ = true;
      pause = first_pause;
      error_ = co_await receive(socket);
      counters_.forget_workers();
    }
    co_await pause_until(Clock::now() + pause);
    pause = std::min(pause * 2, longest_pause);
  }
}

error_code StatsdListener::open(udp::socket& socket) const {
  error_code error;
  if (socket.open(address_.protocol(), error)) return error;
  error_code ignored;
  socket.set_option(asio::socket_base::receive_buffer_size{wished_buffer}, ignored);
  if (address_.address().is_v6()) socket.set_option(asio::ip::v6_only{true}, ignored);
  if (socket.non_blocking(true, error)) return error;
  return socket.bind(address_, error);
}

/// Ends by an error of the socket only; a cancellation throws.
asio::awaitable<error_code> StatsdListener::receive(udp::socket& socket) {
  std::uint32_t lost = 0;
  std::size_t spent = 0;
  auto second = Clock::now() + std::chrono::seconds{1};
  for (;;) {
    auto [error] = co_await socket.async_wait(udp::socket::wait_read, asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::operation_aborted) throw boost::system::system_error{error};
    if (!error) error = receive_turn(socket, spent);
    count_lost(socket, lost);
    if (error) co_return error;
    if (spent > most_of_second) co_await pause_until(second);
    if (Clock::now() < second) continue;
    second = Clock::now() + std::chrono::seconds{1};
    spent = 0;
  }
}

/// Takes what is there, but no more than one turn's worth: then the loop serves others first.
error_code StatsdListener::receive_turn(udp::socket& socket, std::size_t& spent) {
  std::array<char, most_bytes + 1> bytes;  // one byte more than is taken tells that there was more
  const auto before = spent;
  while (spent - before < most_of_turn) {
    error_code error;
    const auto size = socket.receive(asio::buffer(bytes), 0, error);
    if (error == asio::error::would_block) return {};
    if (error) return error;
    spent += cost_of_call + size;
    counters_.take({bytes.data(), std::min(size, most_bytes)}, size > most_bytes);
  }
  return {};
}

void StatsdListener::count_lost(udp::socket& socket, std::uint32_t& lost) {
  const auto now = lost_by_kernel(socket).value_or(lost);
  counters_.drop(now - lost);
  lost = now;
}

void StatsdListener::report(ProbeResult& result) {
  if (!tried_) return;
  // Gunicorn tells changes only, and who is gone tells no more.
  const auto* health = find_check(result, "health");
  if (health != nullptr && health->reason == Reason::connect_refused) counters_.forget_workers();
  Failure failure;
  if (error_) failure = {Reason::internal, "cannot listen on " + to_text(address_) + ": " + error_.message()};
  result.checks.push_back(judge("statsd", std::move(failure)));
  if (heard_) counters_.report(result);
}

std::unique_ptr<StatsdListener> read_statsd_listener(Options& probe, Workshop& workshop) {
  if (!probe.has("statsd")) return nullptr;
  auto options = probe.map("statsd");
  const auto address = parse_address(options.text("listen_address", "127.0.0.1:9125"));
  const auto prefix = options.text("prefix");
  if (!address)
    options.error("listen_address", "listen_address: expected an address and a port, such as 127.0.0.1:9125");
  if (!is_prefix(prefix))
    options.error("prefix", "prefix: expected at most 100 letters, digits, dots, `_` and `-`");
  if (!address || !is_prefix(prefix)) return nullptr;
  if (!workshop.listening.insert(to_text(*address)).second)
    options.error("listen_address",
                  "listen_address: another probe listens on " + to_text(*address) + " already");
  if (!address->address().is_loopback())
    options.warning("listen_address",
                    "listen_address: whoever reaches this address can make up Gunicorn's figures");
  return std::make_unique<StatsdListener>(*address, prefix);
}

}  // namespace healthd
