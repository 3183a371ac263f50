#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>

#include "probes/net/postgres.hpp"
#include "probes/with_deadline.hpp"
#include "tests/integration/postgres_bench.hpp"
#include "tests/support/black_hole.hpp"

namespace healthd::test {
namespace {

using Tcp = asio::ip::tcp;

PostgresTarget target_of(const std::string& dsn, Duration statement_timeout = 5s) {
  Problems problems;
  auto options = Options::from_text(keys(dsn), "test.yaml", problems, SecretPolicy{true, ""});
  return read_postgres_target(options, statement_timeout);
}

using Addresses = std::vector<asio::ip::address>;

/// Connects, asks the one question, closes.
asio::awaitable<Result<PgRows>> ask(const PostgresTarget& target, std::string sql,
                                    Addresses addresses = {asio::ip::make_address("127.0.0.1")}) {
  Trace trace;
  auto connection = co_await pg_connect(target, addresses, trace);
  if (!connection.session) co_return connection.failure;
  co_return co_await connection.session->query(std::move(sql));
}

/// Says the same to everybody who comes, whatever they say.
class Parrot {
 public:
  explicit Parrot(std::string says) : says_{std::move(says)}, thread_{[this] { serve(); }} {}
  ~Parrot() {
    asio::io_context loop;
    Tcp::socket last{loop};
    stop_ = true;
    boost::system::error_code ignored;
    last.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  std::string dsn() const {
    return "host=127.0.0.1 port=" + std::to_string(acceptor_.local_endpoint().port()) +
           " user=u sslmode=disable";
  }

 private:
  void serve() {
    while (!stop_) {
      auto socket = acceptor_.accept();
      boost::system::error_code ignored;
      std::array<char, 512> greeting{};
      if (!stop_) socket.read_some(asio::buffer(greeting), ignored);
      asio::write(socket, asio::buffer(says_), ignored);
    }
  }

  std::string says_;
  asio::io_context loop_;
  Tcp::acceptor acceptor_{loop_, Tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("our sessions cannot write, and the server itself ends what takes too long", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  const auto target = target_of(server.dsn("monitor"), 200ms);

  CHECK(run(ask(target, "CREATE TEMP TABLE t AS SELECT 1")).error().reason == Reason::read_only);
  CHECK(run(ask(target, "SELECT pg_sleep(10)")).error().reason == Reason::timeout);
  CHECK(run(ask(target, "SELECT pg_read_file('/etc/passwd')")).error().reason == Reason::permission);
  const auto name = run(ask(target, "SELECT current_setting('application_name'), NULL"));
  REQUIRE(name.has_value());
  CHECK(*name == PgRows{{"superset-healthd", std::nullopt}});
}

TEST_CASE("an answer without end is cut off", "[postgres]") {
  PostgresServer server;
  make_monitor(server);

  const auto answer = run(ask(target_of(server.dsn("monitor")), "SELECT generate_series(1, 100000000)"));

  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().reason == Reason::too_large);
}

TEST_CASE("a COPY or two statements in one are an error, never a wait without end", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  const auto target = target_of(server.dsn("monitor"));

  CHECK(run(ask(target, "COPY (SELECT 1) TO STDOUT")).error().reason == Reason::protocol);
  CHECK(run(ask(target, "SELECT 1; SELECT 2")).error().reason == Reason::query_error);
}

TEST_CASE("an address that swallows everything costs a quarter of a second, not the deadline", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  const BlackHole hole{server.port()};
  const auto target =
      target_of("host=127.0.0.1 port=" + std::to_string(server.port()) + " user=monitor dbname=postgres");
  const Addresses addresses{asio::ip::make_address("127.0.0.2"), asio::ip::make_address("127.0.0.1")};

  const auto begin = std::chrono::steady_clock::now();
  const auto answer = run(ask(target, "SELECT 1", addresses));

  const auto took = std::chrono::steady_clock::now() - begin;
  REQUIRE(answer.has_value());
  CHECK(took >= 250ms);
  CHECK(took < 1s);
}

TEST_CASE("a server that accepted is never joined by a second one, however long it takes", "[postgres]") {
  asio::io_context loop;
  Tcp::acceptor slow{loop, Tcp::endpoint{asio::ip::make_address("127.0.0.1"), 0}};
  const auto port = slow.local_endpoint().port();
  Tcp::acceptor other{loop, Tcp::endpoint{asio::ip::make_address("127.0.0.2"), port}};
  const auto target = target_of("host=127.0.0.1 port=" + std::to_string(port) + " user=u sslmode=disable");
  const Addresses addresses{asio::ip::make_address("127.0.0.1"), asio::ip::make_address("127.0.0.2")};

  Trace trace;
  auto patiently = [&]() -> asio::awaitable<bool> {
    auto connect = pg_connect(target, addresses, trace);
    const auto connection = co_await with_deadline(std::move(connect), Deadline::in(700ms));
    co_return connection.has_value();
  };
  CHECK_FALSE(run(patiently()));

  CHECK(trace.current() == Phase::auth);
  other.non_blocking(true);
  boost::system::error_code nobody;
  other.accept(nobody);
  CHECK(nobody == asio::error::would_block);
}

TEST_CASE("an address that refuses is followed by the next one at once", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  const auto target =
      target_of("host=127.0.0.1 port=" + std::to_string(server.port()) + " user=monitor dbname=postgres");
  const Addresses addresses{asio::ip::make_address("127.0.0.3"), asio::ip::make_address("127.0.0.1")};

  CHECK(run(ask(target, "SELECT 1", addresses)).has_value());
}

TEST_CASE("a COPY that was left before it began ends the session, and never spins", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  const auto target = target_of(server.dsn("monitor"));
  const auto twice = [](const PostgresTarget& at) -> asio::awaitable<Result<PgRows>> {
    Trace trace;
    const Addresses addresses{asio::ip::make_address("127.0.0.1")};
    auto connection = co_await pg_connect(at, addresses, trace);
    if (!connection.session) co_return connection.failure;
    auto slow = connection.session->query("COPY (SELECT 1 FROM pg_sleep(0.5)) TO STDOUT");
    const auto early = co_await with_deadline(std::move(slow), Deadline::in(50ms));
    if (early) co_return Failure{Reason::internal, "the slow question was answered too soon"};
    const auto next = co_await connection.session->query("SELECT 'new'");
    if (!connection.session->broken()) co_return Failure{Reason::internal, "the session still stands"};
    co_return next;
  };

  const auto answer = run(twice(target));

  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().reason == Reason::reset);
}

TEST_CASE("a session that was left in the middle of an answer answers the next question rightly",
          "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  const auto target = target_of(server.dsn("monitor"));
  const auto twice = [](const PostgresTarget& at) -> asio::awaitable<Result<PgRows>> {
    Trace trace;
    const std::vector<asio::ip::address> addresses{asio::ip::make_address("127.0.0.1")};
    auto connection = co_await pg_connect(at, addresses, trace);
    if (!connection.session) co_return connection.failure;
    auto slow = connection.session->query("SELECT 'old' FROM pg_sleep(0.5)");
    const auto early = co_await with_deadline(std::move(slow), Deadline::in(50ms));
    if (early) co_return Failure{Reason::internal, "the slow question was answered too soon"};
    co_return co_await connection.session->query("SELECT 'new'");
  };

  const auto answer = run(twice(target));

  REQUIRE(answer.has_value());
  CHECK(*answer == PgRows{{"new"}});
}

TEST_CASE("a login that would keep us computing for seconds is refused before it begins", "[postgres]") {
  const auto message = [](std::string_view code, const std::string& body) {
    const auto length = static_cast<char>(4 + code.size() + body.size());
    return "R" + std::string{'\0', '\0', '\0', length} + std::string{code} + body;
  };
  const std::string methods{"SCRAM-SHA-256\0\0", 15};
  const auto begin = message({"\0\0\0\x0a", 4}, methods);
  for (const std::string many : {"1000001", "99999999999999999999999"}) {
    const Parrot parrot{begin + message({"\0\0\0\x0b", 4}, "r=abc,s=c2FsdA==,i=" + many)};
    const auto answer = run(ask(target_of(parrot.dsn()), "SELECT 1"));
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().reason == Reason::protocol);
    CHECK(answer.error().detail.find("absurd number of iterations") != std::string::npos);
  }
}

TEST_CASE("something that is no PostgreSQL is a failure with a clean text", "[postgres]") {
  const std::string http = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const std::string bytes = "\xff\x00\x01\x1b[31mred";
  for (const auto& says : {http, bytes, std::string{}}) {
    const Parrot parrot{says};
    const auto answer = run(ask(target_of(parrot.dsn()), "SELECT 1"));
    REQUIRE_FALSE(answer.has_value());
    const auto& failure = answer.error();
    INFO(failure.detail);
    CHECK((failure.reason == Reason::protocol || failure.reason == Reason::reset));
    CHECK_FALSE(failure.detail.empty());
    CHECK(failure.detail.size() <= 300);
    CHECK(std::ranges::all_of(failure.detail, [](unsigned char c) { return c >= 0x20 && c < 0x7f; }));
  }
}

}  // namespace healthd::test
