// TLS against peers that a real server would not be: they stall, break off, or speak something else.
#include "probes/net/tls.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>
#include <tuple>

#include "probes/net/dial.hpp"
#include "probes/net/http.hpp"
#include "probes/net/resolve.hpp"
#include "probes/run_probe.hpp"
#include "probes/with_deadline.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using Error = boost::system::error_code;
using Tcp = asio::ip::tcp;
using Secure = asio::ssl::stream<Tcp::socket>;
constexpr auto as_error = asio::as_tuple(asio::use_awaitable);

struct Peer {
  asio::io_context loop{1};
  Tcp::acceptor acceptor{loop, Tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  test::TempDir folder;
  test::Authority authority{folder.path()};
  test::CertificateFiles own = authority.issue("bi.example.com");
  asio::ssl::context context{asio::ssl::context::tls_server};
  Error goodbye;  ///< how our client ended a session, as the peer saw it
  bool over = false;

  Peer() {
    context.use_certificate_chain_file(own.certificate);
    context.use_private_key_file(own.key, asio::ssl::context::pem);
  }

  /// Accepts one connection and does `what` with it.
  void serve(std::function<asio::awaitable<void>(Tcp::socket)> what) {
    auto accept = [](Tcp::acceptor& from,
                     std::function<asio::awaitable<void>(Tcp::socket)> then) -> asio::awaitable<void> {
      auto socket = co_await from.async_accept(asio::use_awaitable);
      co_await then(std::move(socket));
    };
    asio::co_spawn(loop, accept(acceptor, std::move(what)),
                   [this](const std::exception_ptr&) { over = true; });
  }

  /// Sends `bytes` to whoever connects, whatever they say.
  void serve_bytes(std::string bytes) {
    serve([bytes](Tcp::socket socket) -> asio::awaitable<void> {
      co_await asio::async_write(socket, asio::buffer(bytes), as_error);
      std::array<char, 1024> sink{};
      co_await socket.async_read_some(asio::buffer(sink), as_error);
    });
  }

  /// Answers one request over TLS; `polite` ends TLS before the connection.
  void serve_page(std::string page, bool polite) {
    serve([this, page, polite](Tcp::socket socket) -> asio::awaitable<void> {
      Secure stream{std::move(socket), context};
      co_await stream.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
      std::string request;
      co_await asio::async_read_until(stream, asio::dynamic_buffer(request), "\r\n\r\n", asio::use_awaitable);
      co_await asio::async_write(stream, asio::buffer(page), asio::use_awaitable);
      if (polite) co_await stream.async_shutdown(as_error);
    });
  }

  TlsClient client() {
    Problems problems;
    auto options = Options::from_text("{}", "none", problems);
    TlsSettings settings;
    settings.ca_file = authority.certificate();
    return {contexts.get(settings, options), "bi.example.com", true};
  }
  TlsContexts contexts;
};

/// One GET of /, or the failure that stood in its way.
asio::awaitable<Failure> get(Resolver& resolver, Trace& trace, std::uint16_t port, const TlsClient& client,
                             std::string& body) {
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port;
  auto connection = co_await dial(resolver, trace, endpoint, &client);
  if (!connection.stream) co_return connection.failure;
  HttpRequest request;
  request.target = "/";
  request.host = "bi.example.com";
  auto response = co_await http_exchange(*connection.stream, trace, std::move(request));
  if (!response) co_return response.error();
  body = response->body;
  co_return Failure{};
}

struct Got {
  Failure failure;
  std::string body;
  Trace trace;
};

Got get_from(Peer& peer, std::chrono::milliseconds within = 5s) {
  Resolver resolver{peer.loop.get_executor()};
  const auto client = peer.client();
  Got got;
  auto work = get(resolver, got.trace, peer.acceptor.local_endpoint().port(), client, got.body);
  auto bounded = guarded(std::move(work), got.trace, Deadline::in(within));
  got.failure = test::run(peer.loop, std::move(bounded));
  return got;
}

void finish(Peer& peer) {
  const auto enough = Deadline::in(5s);
  peer.loop.restart();
  while (!peer.over && !enough.passed()) peer.loop.run_for(5ms);
}

}  // namespace

TEST_CASE("what does not speak TLS on a TLS port is a matter of protocol") {
  for (const auto& bytes : {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"s,
                            "SSH-2.0-OpenSSH_9.2\r\n"s, "-ERR unknown command\r\n"s,
                            "\x16\x03\x03\xff\xff a record of no length"s, "\x16\x03\x03\x00\x04oops"s}) {
    INFO(bytes);
    Peer peer;
    peer.serve_bytes(bytes);
    CHECK(get_from(peer).failure.reason == Reason::tls_protocol);
  }
}

TEST_CASE("a peer that breaks off the handshake, politely or not, is a failed handshake") {
  for (const bool reset : {false, true}) {
    Peer peer;
    peer.serve([reset](Tcp::socket socket) -> asio::awaitable<void> {
      std::array<char, 4096> hello{};
      co_await socket.async_read_some(asio::buffer(hello), as_error);
      socket.set_option(asio::socket_base::linger{reset, 0});
    });
    const auto failure = get_from(peer).failure;
    CHECK(failure.reason == Reason::tls_handshake);
    CHECK(failure.detail == "the server broke off the TLS handshake");
  }
}

TEST_CASE("a handshake that stalls ends with the deadline, and its phase is told") {
  Peer peer;
  peer.serve([](Tcp::socket socket) -> asio::awaitable<void> {
    std::array<char, 4096> sink{};
    Error error;
    while (!error)
      std::tie(error, std::ignore) = co_await socket.async_read_some(asio::buffer(sink), as_error);
  });
  const auto begin = Deadline::Clock::now();
  const auto got = get_from(peer, 200ms);
  CHECK(Deadline::Clock::now() - begin < 450ms);
  CHECK(got.failure.reason == Reason::timeout);
  CHECK(got.failure.detail.find("TLS handshake") != std::string::npos);
}

TEST_CASE("a body that is complete by its length needs no farewell") {
  Peer peer;
  peer.serve_page("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false);
  const auto got = get_from(peer);
  CHECK_FALSE(static_cast<bool>(got.failure));
  CHECK(got.body == "ok");
}

TEST_CASE("a body that only the end delimits is whole where TLS says so, and cut where it does not") {
  {
    Peer peer;
    peer.serve_page("HTTP/1.1 200 OK\r\n\r\nhello", true);
    const auto got = get_from(peer);
    CHECK_FALSE(static_cast<bool>(got.failure));
    CHECK(got.body == "hello");
  }
  Peer peer;
  peer.serve_page("HTTP/1.1 200 OK\r\n\r\nhel", false);
  CHECK(get_from(peer).failure.reason == Reason::reset);
}

TEST_CASE("a body that is shorter than its length is no success, with or without a farewell") {
  for (const bool polite : {false, true}) {
    Peer peer;
    peer.serve_page("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nok", polite);
    const auto reason = get_from(peer).failure.reason;
    CHECK((reason == Reason::reset || reason == Reason::protocol));
  }
}

TEST_CASE("we end TLS before the connection, and do not wait for the peer to do the same") {
  Peer peer;
  peer.serve([&peer](Tcp::socket socket) -> asio::awaitable<void> {
    Secure stream{std::move(socket), peer.context};
    co_await stream.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
    const std::string page = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    co_await asio::async_write(stream, asio::buffer(page), asio::use_awaitable);
    std::array<char, 4096> sink{};
    while (!peer.goodbye)
      std::tie(peer.goodbye, std::ignore) = co_await stream.async_read_some(asio::buffer(sink), as_error);
  });
  const auto begin = Deadline::Clock::now();
  CHECK(get_from(peer).body == "ok");
  CHECK(Deadline::Clock::now() - begin < 1s);
  finish(peer);
  CHECK(peer.goodbye == asio::error::eof);
}

TEST_CASE("a record that is damaged on the way is a matter of protocol") {
  Peer peer;
  peer.serve([&peer](Tcp::socket socket) -> asio::awaitable<void> {
    Secure stream{std::move(socket), peer.context};
    co_await stream.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
    const auto junk = "\x17\x03\x03\x00\x20"s + std::string(32, 'x');
    co_await asio::async_write(stream.next_layer(), asio::buffer(junk), asio::use_awaitable);
    std::array<char, 4096> sink{};
    co_await stream.async_read_some(asio::buffer(sink), as_error);
  });
  CHECK(get_from(peer).failure.reason == Reason::tls_protocol);
}

}  // namespace healthd
