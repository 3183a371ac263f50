#include "daemon/connectivity.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/support/black_hole.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run.hpp"

namespace healthd::test {
namespace {

using namespace std::chrono_literals;
using Tcp = asio::ip::tcp;

class Listener {
 public:
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::io_context loop_;
  Tcp::acceptor acceptor_{loop_, Tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
};

Endpoint endpoint(std::uint16_t port, const std::string& host = "127.0.0.1") {
  Endpoint target;
  target.host = host;
  target.port = port;
  return target;
}

bool reachable(std::vector<Endpoint> endpoints, std::chrono::milliseconds within = 2s) {
  asio::io_context loop{1};
  Resolver resolver{loop.get_executor()};
  return run(loop, any_reachable(resolver, std::move(endpoints), Deadline::in(within)));
}

}  // namespace

TEST_CASE("one place that takes a connection proves that we can reach something") {
  const Listener listener;
  CHECK(reachable({endpoint(listener.port())}));
  CHECK(reachable({endpoint(free_port()), endpoint(listener.port())}));
  CHECK_FALSE(reachable({endpoint(free_port()), endpoint(free_port())}));
  CHECK_FALSE(reachable({}));
}

TEST_CASE("places that say nothing prove nothing, and keep nobody waiting beyond the deadline") {
  const auto port = free_port();
  const BlackHole hole{port};
  const auto begun = std::chrono::steady_clock::now();
  CHECK_FALSE(reachable({endpoint(port, "127.0.0.2")}, 200ms));
  CHECK(std::chrono::steady_clock::now() - begun < 2s);
}

TEST_CASE("a place that says nothing does not hide one that answers") {
  const auto port = free_port();
  const BlackHole hole{port};
  const Listener listener;
  CHECK(reachable({endpoint(port, "127.0.0.2"), endpoint(listener.port())}, 500ms));
}

}  // namespace healthd::test
