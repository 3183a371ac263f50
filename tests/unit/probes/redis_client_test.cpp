#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>

#include "probes/net/redis.hpp"
#include "probes/net/resolve.hpp"
#include "tests/support/run.hpp"

using namespace healthd;
using boost::asio::ip::tcp;

namespace {

/// A server that says `script` to one client, after a first read where `listens`, and hangs up.
asio::awaitable<void> serve(tcp::acceptor& acceptor, std::string script, bool listens) {
  auto socket = co_await acceptor.async_accept(asio::use_awaitable);
  std::array<char, 4096> heard{};
  if (listens) co_await socket.async_read_some(asio::buffer(heard), asio::use_awaitable);
  co_await asio::async_write(socket, asio::buffer(script), asio::use_awaitable);
}

struct Found {
  Failure connect;
  Failure command;
  std::string reply;
};

/// Connects to the scripted server, and asks for one PING if that succeeds.
Found talk(std::string script, const std::string& password = "", bool listens = true) {
  asio::io_context loop{1};
  tcp::acceptor acceptor{loop, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  Resolver resolver{loop.get_executor()};
  RedisTarget target;
  target.endpoint.host = "127.0.0.1";
  target.endpoint.port = acceptor.local_endpoint().port();
  target.password = Secret{password};
  asio::co_spawn(loop, serve(acceptor, std::move(script), listens), [](std::exception_ptr) {});
  const auto client = [&]() -> asio::awaitable<Found> {
    Found found;
    Trace trace;
    auto connection = co_await redis_connect(resolver, trace, target);
    found.connect = connection.failure;
    if (!connection.client) co_return found;
    RedisCommand ping{"PING"};
    const auto reply = co_await connection.client->command(std::move(ping));
    if (reply) {
      found.reply = reply->text;
    } else {
      found.command = reply.error();
    }
    CHECK(connection.client->usable() == reply.has_value());
    co_return found;
  };
  return test::run(loop, client());
}

}  // namespace

TEST_CASE("error replies have a reason by their first words") {
  CHECK(redis_failure("OOM command not allowed when used memory > 'maxmemory'.").reason == Reason::oom);
  CHECK(redis_failure("READONLY You can't write against a read only replica.").reason == Reason::read_only);
  CHECK(redis_failure("MISCONF Redis is configured to save RDB snapshots").reason == Reason::misconf);
  CHECK(redis_failure("LOADING Redis is loading the dataset in memory").reason == Reason::loading);
  CHECK(redis_failure("MASTERDOWN Link with MASTER is down").reason == Reason::masterdown);
  CHECK(redis_failure("BUSY Redis is busy running a script.").reason == Reason::busy);
  CHECK(redis_failure("BUSYGROUP Consumer Group name already exists").reason == Reason::query_error);
  CHECK(redis_failure("NOAUTH Authentication required.").reason == Reason::auth);
  CHECK(redis_failure("WRONGPASS invalid username-password pair").reason == Reason::auth);
  CHECK(redis_failure("ERR AUTH <password> called without any password").reason == Reason::auth);
  CHECK(redis_failure("NOPERM this user has no permissions").reason == Reason::permission);
  CHECK(redis_failure("NOREPLICAS Not enough good replicas to write.").reason == Reason::noreplicas);
  CHECK(redis_failure("ERR max number of clients reached").reason == Reason::maxclients);
  CHECK(redis_failure("ERR DB index is out of range").reason == Reason::wrong_database);
  CHECK(redis_failure("WRONGTYPE Operation against a key").reason == Reason::query_error);
}

TEST_CASE("what a server repeats of a command is not shown") {
  const auto failure = redis_failure("ERR unknown command 'AUTH', with args beginning with: 'hunter2' ");
  CHECK(failure.detail.find("hunter2") == std::string::npos);
}

TEST_CASE("a server that turns us away before it read anything is quoted, not taken for a broken line") {
  const auto found = talk("-ERR max number of clients reached\r\n", "", false);
  CHECK(found.connect.reason == Reason::maxclients);
}

TEST_CASE("a refused password is our fault, whatever words the server finds, and stays secret") {
  const auto found = talk("-ERR what is hunter2 good for\r\n+OK\r\n", "hunter2");
  CHECK(found.connect.reason == Reason::auth);
  CHECK(found.connect.detail.find("hunter2") == std::string::npos);
}

TEST_CASE("no part of a password is left where a long echo is cut") {
  const auto found = talk("-ERR " + std::string(190, '.') + "hunter2hunter2\r\n+OK\r\n", "hunter2hunter2");
  CHECK(found.connect.reason == Reason::auth);
  CHECK(found.connect.detail.find("hunt") == std::string::npos);
}

TEST_CASE("a server that does not let us name the connection is fine") {
  const auto found = talk("-NOPERM no permissions to run 'client|setname'\r\n+PONG\r\n");
  CHECK_FALSE(found.connect);
  CHECK(found.reply == "PONG");
}

TEST_CASE("a connection that ends within an answer is a reset") {
  const auto found = talk("+OK\r\n+PO");
  CHECK_FALSE(found.connect);
  CHECK(found.command.reason == Reason::reset);
}
