#include "probes/net/dial.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "probes/net/resolve.hpp"

namespace healthd {
namespace {

constexpr auto as_error = asio::as_tuple(asio::use_awaitable);

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

/// The first address that accepts; the last error where none does.
asio::awaitable<boost::system::error_code> connect_any(asio::ip::tcp::socket& socket,
                                                       const std::vector<asio::ip::address>& addresses,
                                                       std::uint16_t port) {
  boost::system::error_code last = asio::error::host_not_found;
  for (const auto& address : addresses) {
    const asio::ip::tcp::endpoint endpoint{address, port};
    boost::system::error_code ignored;
    socket.close(ignored);
    auto [error] = co_await socket.async_connect(endpoint, as_error);
    last = error;
    if (!error || error == asio::error::operation_aborted) break;
  }
  co_return last;
}

asio::awaitable<Connection> dial_unix(Trace& trace, std::string path) {
  trace.enter(Phase::connect);
  auto executor = co_await asio::this_coro::executor;
  asio::local::stream_protocol::socket socket{executor};
  const asio::local::stream_protocol::endpoint endpoint{path};
  auto [error] = co_await socket.async_connect(endpoint, as_error);
  if (error) co_return failed(failure_from(error));
  Connection connection;
  connection.stream = std::make_unique<PlainStream<asio::local::stream_protocol::socket>>(std::move(socket));
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

asio::awaitable<Connection> dial(Resolver& resolver, Trace& trace, Endpoint endpoint, const TlsClient* tls) {
  if (!endpoint.unix_path.empty()) co_return co_await dial_unix(trace, endpoint.unix_path);

  trace.enter(Phase::resolve);
  const auto addresses = co_await resolver.resolve(endpoint.host);
  if (!addresses) co_return failed(addresses.error());

  trace.enter(Phase::connect);
  auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::socket socket{executor};
  const auto error = co_await connect_any(socket, *addresses, endpoint.port);
  if (error) co_return failed(failure_from(error));
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay{true}, ignored);

  if (tls != nullptr) co_return co_await secure(trace, std::move(socket), *tls);
  Connection connection;
  connection.stream = std::make_unique<PlainStream<asio::ip::tcp::socket>>(std::move(socket));
  co_return connection;
}

}  // namespace healthd
