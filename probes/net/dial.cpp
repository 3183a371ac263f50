#include "probes/net/dial.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "probes/net/race.hpp"
#include "probes/net/resolve.hpp"
#include "probes/net/tunnel.hpp"

namespace healthd {
namespace {

constexpr auto as_error = asio::as_tuple(asio::use_awaitable);
using Error = boost::system::error_code;
using Local = asio::local::stream_protocol;

/// How often a Unix socket with a full backlog is tried; the kernel does not tell when there is room.
constexpr std::chrono::milliseconds backlog_pause{20};

static_assert(most_unix_path_bytes == sizeof(sockaddr_un::sun_path) - 1);

template <typename Socket>
class PlainStream final : public Stream {
 public:
  explicit PlainStream(Socket socket) : socket_{std::move(socket)} {}

  asio::awaitable<Io> read_some(asio::mutable_buffer buffer) override {
    auto [error, bytes] = co_await socket_.async_read_some(buffer, as_error);
    co_return Io{error, bytes};
  }

  asio::awaitable<Io> write(asio::const_buffer buffer) override {
    auto [error, bytes] = co_await asio::async_write(socket_, buffer, as_error);
    co_return Io{error, bytes};
  }

 private:
  Socket socket_;
};

Connection failed(Failure failure) {
  Connection connection;
  connection.failure = std::move(failure);
  return connection;
}

/// A full backlog is no answer: the connection is tried until it stands, is refused or is cancelled.
asio::awaitable<Error> connect_unix(Local::socket& socket, Local::endpoint endpoint) {
  asio::steady_timer pause{socket.get_executor()};
  while (true) {
    auto [error] = co_await socket.async_connect(endpoint, as_error);
    // Asio takes the EAGAIN of a full backlog for a beginning, and the socket for connected.
    if (!error) socket.remote_endpoint(error);
    if (error != asio::error::try_again && error != asio::error::not_connected) co_return error;
    Error ignored;
    socket.close(ignored);
    pause.expires_after(backlog_pause);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<Connection> dial_unix(Trace& trace, std::string path) {
  trace.enter(Phase::connect);
  auto executor = co_await asio::this_coro::executor;
  Local::socket socket{executor};
  const Local::endpoint endpoint{path};
  const auto error = co_await connect_unix(socket, endpoint);
  if (error) co_return failed(failure_from(error));
  Connection connection;
  connection.stream = std::make_unique<PlainStream<Local::socket>>(std::move(socket));
  co_return connection;
}

asio::awaitable<Connection> secure(Trace& trace, asio::ip::tcp::socket socket, const TlsClient& tls) {
  trace.enter(Phase::tls);
  auto handshake = co_await tls_handshake(std::move(socket), tls);
  Connection connection;
  connection.stream = std::move(handshake.stream);
  connection.failure = std::move(handshake.failure);
  connection.tls = std::move(handshake.report);
  co_return connection;
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  if (!endpoint.unix_path.empty()) return endpoint.unix_path;
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

asio::awaitable<Connection> dial(Resolver& resolver, Trace& trace, Endpoint endpoint, const TlsClient* tls,
                                 const Proxy* proxy, AddressPolicy policy) {
  if (!endpoint.unix_path.empty()) co_return co_await dial_unix(trace, endpoint.unix_path);

  const auto& next = proxy != nullptr ? proxy->endpoint : endpoint;
  trace.enter(Phase::resolve);
  auto addresses = co_await resolver.resolve(next.host);
  if (!addresses) co_return failed(addresses.error());
  auto forbidden = keep_allowed(next.host, *addresses, policy);
  if (forbidden.empty() && proxy != nullptr) forbidden = judge_literal(endpoint.host, policy);
  if (!forbidden.empty()) co_return failed({Reason::unreachable, std::move(forbidden)});

  trace.enter(Phase::connect);
  auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::socket socket{executor};
  const auto error = co_await connect_first(socket, *addresses, next.port);
  if (error) co_return failed(failure_from(error));
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay{true}, ignored);

  if (proxy != nullptr) {
    auto refused = co_await open_tunnel(socket, endpoint, *proxy);
    if (refused) co_return failed(std::move(*refused));
  }
  if (tls != nullptr) co_return co_await secure(trace, std::move(socket), *tls);
  Connection connection;
  connection.stream = std::make_unique<PlainStream<asio::ip::tcp::socket>>(std::move(socket));
  co_return connection;
}

}  // namespace healthd
