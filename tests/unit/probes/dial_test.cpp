#include "probes/net/dial.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch_test_macros.hpp>

#include "probes/net/resolve.hpp"
#include "probes/with_deadline.hpp"
#include "tests/support/black_hole.hpp"
#include "tests/support/no_files.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Tcp = asio::ip::tcp;

struct Setup {
  asio::io_context loop{1};
  Tcp::acceptor server{loop, Tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  /// The name of the server has an address in front that is not the server's.
  Resolver resolver{loop.get_executor(), [](const std::string&) {
                      Resolver::Answer answer;
                      answer.addresses = {asio::ip::make_address("127.0.0.2"),
                                          asio::ip::make_address("127.0.0.1")};
                      return answer;
                    }};
  Trace trace;

  std::uint16_t port() const { return server.local_endpoint().port(); }

  std::optional<Connection> dialled(const Endpoint& endpoint, std::chrono::milliseconds within) {
    auto work = dial(resolver, trace, endpoint, nullptr);
    auto bounded = with_deadline(std::move(work), Deadline::in(within));
    return test::run(loop, std::move(bounded));
  }
};

Endpoint named(std::uint16_t port) {
  Endpoint endpoint;
  endpoint.host = "two.example";
  endpoint.port = port;
  return endpoint;
}

}  // namespace

TEST_CASE("an address that swallows everything costs a moment, and the moment counts as connecting") {
  Setup setup;
  const test::BlackHole hole{setup.port()};

  const auto begin = Deadline::Clock::now();
  const auto connection = setup.dialled(named(setup.port()), 5s);

  REQUIRE(connection.has_value());
  CHECK(connection->stream != nullptr);
  CHECK(Deadline::Clock::now() - begin < 1s);
  setup.trace.leave();
  CHECK(setup.trace.phases()[Phase::connect].value_or(0) >= 0.25);
}

TEST_CASE("a Unix socket with a full backlog is waited for, and used once there is room") {
  Setup setup;
  const test::TempDir folder;
  Endpoint endpoint;
  endpoint.unix_path = folder.path() / "s";
  test::BlackHole hole{endpoint.unix_path};

  CHECK_FALSE(setup.dialled(endpoint, 200ms).has_value());
  CHECK(timed_out(setup.trace).reason == Reason::connect_timeout);

  hole.open();
  auto connection = setup.dialled(endpoint, 5s);
  REQUIRE(connection.has_value());
  REQUIRE(connection->stream != nullptr);
  auto write = connection->stream->write(asio::buffer("PING", 4));
  CHECK_FALSE(test::run(setup.loop, std::move(write)).error);
}

TEST_CASE("a Unix socket that nobody made or nobody listens on is refused at once") {
  Setup setup;
  const test::TempDir folder;
  Endpoint endpoint;
  endpoint.unix_path = folder.path() / "s";
  const auto missing = setup.dialled(endpoint, 5s);
  REQUIRE(missing.has_value());
  CHECK(missing->failure.reason == Reason::connect_refused);
  {
    const test::BlackHole left_behind{endpoint.unix_path};
  }
  const auto dead = setup.dialled(endpoint, 5s);
  REQUIRE(dead.has_value());
  CHECK(dead->failure.reason == Reason::connect_refused);
}

TEST_CASE("a socket that we have no file for is our own shortage") {
  Setup setup;
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = setup.port();
  setup.server.close();
  // A sanitizer needs files itself when it meets a type for the first time: let it happen here.
  REQUIRE(setup.dialled(endpoint, 5s)->failure.reason == Reason::connect_refused);
  std::optional<Connection> connection;
  {
    const test::NoFiles none;
    connection = setup.dialled(endpoint, 5s);
  }
  REQUIRE(connection.has_value());
  CHECK(connection->failure.reason == Reason::internal);
}

}  // namespace healthd
