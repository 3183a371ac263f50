#include "probes/net/race.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>

#include "probes/net/outcome.hpp"
#include "probes/with_deadline.hpp"
#include "tests/support/black_hole.hpp"
#include "tests/support/run.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;
using Address = asio::ip::address;
using Error = boost::system::error_code;
using Tcp = asio::ip::tcp;

std::vector<Address> addresses(std::initializer_list<const char*> texts) {
  std::vector<Address> all;
  for (const auto* text : texts) all.push_back(asio::ip::make_address(text));
  return all;
}

std::string ordered(std::initializer_list<const char*> texts) {
  std::string list;
  for (const auto& address : race_order(addresses(texts))) list += address.to_string() + " ";
  return list;
}

/// A server on 127.0.0.1, and clients for any address on its port.
struct Setup {
  asio::io_context loop{1};
  Tcp::acceptor server{loop, Tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  const std::uint16_t port = server.local_endpoint().port();
  Tcp::socket socket{loop};
  std::chrono::milliseconds took{0};

  /// nullopt: `within` passed first.
  std::optional<Error> connect(std::initializer_list<const char*> to,
                               std::chrono::milliseconds within = 10s) {
    const auto begin = Deadline::Clock::now();
    auto work = connect_first(socket, addresses(to), port);
    auto bounded = with_deadline(std::move(work), Deadline::in(within));
    const auto result = test::run(loop, std::move(bounded));
    took = std::chrono::duration_cast<std::chrono::milliseconds>(Deadline::Clock::now() - begin);
    return result;
  }
  std::string winner() const { return socket.remote_endpoint().address().to_string(); }
};

std::ptrdiff_t open_files() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"},
                       std::filesystem::directory_iterator{});
}

}  // namespace

TEST_CASE("the families take turns, and the resolver's first address stays first") {
  CHECK(ordered({"10.0.0.1"}) == "10.0.0.1 ");
  CHECK(ordered({"fd00::1", "fd00::2", "10.0.0.1"}) == "fd00::1 10.0.0.1 fd00::2 ");
  CHECK(ordered({"10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1"}) == "10.0.0.1 fd00::1 10.0.0.2 10.0.0.3 ");
  CHECK(ordered({}).empty());
}

TEST_CASE("a name with very many addresses, or one address many times, makes few attempts") {
  std::vector<Address> many;
  for (unsigned i = 1; i < 100; ++i) many.push_back(asio::ip::address_v4{0x0A000000U + i});
  many.push_back(asio::ip::make_address("fd00::1"));
  const auto few = race_order(many);
  CHECK(few.size() == most_race_addresses);
  CHECK(few[1].is_v6());
  CHECK(ordered({"10.0.0.1", "10.0.0.1", "fd00::1", "10.0.0.1"}) == "10.0.0.1 fd00::1 ");
}

TEST_CASE("each address that swallows everything costs a quarter of a second") {
  Setup setup;
  const test::BlackHole second{setup.port, 2};
  const test::BlackHole third{setup.port, 3};

  CHECK(setup.connect({"127.0.0.2", "127.0.0.3", "127.0.0.1"}) == Error{});
  CHECK(setup.winner() == "127.0.0.1");
  CHECK(setup.took >= 500ms);
  CHECK(setup.took < 1000ms);
}

TEST_CASE("an address that refuses costs nothing, whichever its family") {
  Setup setup;
  CHECK(setup.connect({"127.0.0.4", "::1", "127.0.0.5", "127.0.0.1"}) == Error{});
  CHECK(setup.winner() == "127.0.0.1");
  CHECK(setup.took < race_delay);
}

TEST_CASE("a server that listens on IPv6 only is found behind an IPv4 address that refuses") {
  Setup setup;
  setup.server.close();
  setup.server = Tcp::acceptor{setup.loop, Tcp::endpoint{asio::ip::address_v6::loopback(), setup.port}, true};
  CHECK(setup.connect({"127.0.0.1", "::1"}) == Error{});
  CHECK(setup.winner() == "::1");
}

TEST_CASE("where the first address answers at once no other is bothered") {
  Setup setup;
  Tcp::acceptor other{setup.loop, Tcp::endpoint{asio::ip::make_address("127.0.0.2"), setup.port}};
  other.non_blocking(true);
  CHECK(setup.connect({"127.0.0.1", "127.0.0.2"}) == Error{});
  Error error;
  other.accept(error);
  CHECK(error == asio::error::would_block);
}

TEST_CASE("where all addresses fail, a refusal tells more than a missing route, in either order") {
  Setup setup;
  // The kernel has no TCP for a multicast address: nothing is sent.
  for (const auto to : {std::initializer_list<const char*>{"224.0.0.1", "127.0.0.4"},
                        std::initializer_list<const char*>{"127.0.0.4", "224.0.0.1"}}) {
    const auto error = setup.connect(to);
    REQUIRE(error.has_value());
    CHECK(failure_from(*error).reason == Reason::connect_refused);
  }
  const auto lone = setup.connect({"224.0.0.1"});
  REQUIRE(lone.has_value());
  CHECK(failure_from(*lone).reason == Reason::unreachable);
}

TEST_CASE("a race can be cancelled at any point and leaves no socket behind") {
  Setup setup;
  const test::BlackHole second{setup.port, 2};
  const test::BlackHole third{setup.port, 3};
  static_cast<void>(setup.connect({"127.0.0.1"}));
  setup.socket.close();
  const auto before = open_files();
  for (const auto within : {0ms, 1ms, 100ms, 249ms, 250ms, 251ms, 260ms, 600ms}) {
    INFO(within.count());
    CHECK_FALSE(setup.connect({"127.0.0.2", "127.0.0.3"}, within).has_value());
    CHECK(setup.took < within + 100ms);
    CHECK(open_files() == before);
  }
}

TEST_CASE("a race that is won leaves no loser's socket behind") {
  Setup setup;
  const test::BlackHole hole{setup.port};
  const auto before = open_files();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(setup.connect({"127.0.0.2", "127.0.0.1", "127.0.0.4"}) == Error{});
    CHECK(open_files() == before + 1);
    setup.socket.close();
  }
}

}  // namespace healthd
