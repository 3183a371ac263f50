#include <signal.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch_test_macros.hpp>
#include <pqxx/pqxx>

#include "tests/integration/postgres_bench.hpp"

namespace healthd::test {
namespace {

constexpr Duration short_timeout{400};

/// Takes every slot that ordinary roles may have.
std::vector<std::unique_ptr<pqxx::connection>> fill(const PostgresServer& server) {
  std::vector<std::unique_ptr<pqxx::connection>> sessions;
  try {
    for (int i = 0; i < 100; ++i)
      sessions.push_back(std::make_unique<pqxx::connection>("host=" + server.socket_folder() +
                                                            " port=" + std::to_string(server.port()) +
                                                            " user=filler dbname=postgres"));
  } catch (const pqxx::broken_connection&) {
  }
  return sessions;
}

pid_t backend_of_monitor(const PostgresServer& server) {
  return std::stoi(server.ask("SELECT pid FROM pg_stat_activity WHERE usename = 'monitor'"));
}

bool one_session_is_left(const PostgresServer& server) {
  return wait_until([&] { return sessions_of(server, "monitor") == 1; });
}

}  // namespace

TEST_CASE("a frozen postmaster lets nobody in while the old session still answers", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor")), short_timeout};
  REQUIRE(bench.run().status == Status::up);

  server.freeze_postmaster();
  const auto outcome = bench.outcome();
  server.thaw();

  CHECK(outcome.result.status == Status::down);
  CHECK(outcome.result.reason == Reason::timeout);
  CHECK(check(outcome.result, "connect").reason == Reason::timeout);
  CHECK(check(outcome.result, "query").status == Status::up);
  CHECK(outcome.result.timed_out_in.has_value());
  CHECK(sample(outcome.result, "healthd_postgres_up") == 0.0);
  CHECK(outcome.took < short_timeout + 150ms);
  CHECK(wait_until([&] { return bench.run().status == Status::up; }));
}

TEST_CASE("a frozen session times out while new ones are fine, and is not replaced by more and more of them",
          "[postgres]") {
  PostgresServer server;
  make_monitor(server, "CONNECTION LIMIT 2");
  Bench bench{keys(server.dsn("monitor")), short_timeout};
  REQUIRE(bench.run().status == Status::up);
  REQUIRE(one_session_is_left(server));
  const auto backend = backend_of_monitor(server);

  ::kill(backend, SIGSTOP);
  for (int i = 0; i < 4; ++i) {
    const auto result = bench.run();
    CHECK(result.status == Status::down);
    CHECK(result.reason == Reason::timeout);
    CHECK(check(result, "connect").status == Status::up);
    CHECK(check(result, "query").reason == Reason::timeout);
    CHECK(one_session_is_left(server));
  }
  ::kill(backend, SIGCONT);

  CHECK(wait_until([&] { return bench.run().status == Status::up; }));
  CHECK(one_session_is_left(server));
  CHECK(backend_of_monitor(server) == backend);
}

TEST_CASE("a server that is frozen altogether is down in time, and back when it goes on", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor")), short_timeout};
  REQUIRE(bench.run().status == Status::up);

  server.freeze_all();
  const auto outcome = bench.outcome();
  server.thaw();

  CHECK(outcome.result.status == Status::down);
  CHECK(check(outcome.result, "connect").reason == Reason::timeout);
  CHECK(check(outcome.result, "query").reason == Reason::timeout);
  CHECK(outcome.took < short_timeout + 150ms);
  CHECK(wait_until([&] { return bench.run().status == Status::up; }));
}

TEST_CASE("a session that somebody terminated is replaced within the run", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor"))};
  REQUIRE(bench.run().status == Status::up);
  REQUIRE(one_session_is_left(server));

  server.execute({"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'monitor'"});
  REQUIRE(wait_until([&] { return sessions_of(server, "monitor") == 0; }));

  CHECK(bench.run().status == Status::up);
  CHECK(one_session_is_left(server));
}

TEST_CASE("a killed server is refused at once, and up again in the first run after its return",
          "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor"))};
  REQUIRE(bench.run().status == Status::up);

  server.kill();
  for (int i = 0; i < 2; ++i) {
    const auto outcome = bench.outcome();
    CHECK(outcome.result.status == Status::down);
    CHECK(outcome.result.reason == Reason::connect_refused);
    CHECK(check(outcome.result, "query").status == Status::down);
    CHECK(outcome.took < 500ms);
  }

  server.start();
  CHECK(bench.run().status == Status::up);
}

TEST_CASE("a full server is degraded, not down, while the kept session answers", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  server.execute({"CREATE ROLE filler LOGIN"});
  Bench bench{keys(server.dsn("monitor"))};
  REQUIRE(bench.run().status == Status::up);
  REQUIRE(one_session_is_left(server));

  const auto others = fill(server);
  const auto result = bench.run();

  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::too_many_connections);
  CHECK(check(result, "connect").status == Status::down);
  CHECK(check(result, "query").status == Status::up);
  CHECK(sample(result, "healthd_postgres_up") == 1.0);
  CHECK(sample(result, "healthd_postgres_connections", "idle") == static_cast<double>(others.size()));
}

TEST_CASE("a server that was full before the monitor came says so", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  server.execute({"CREATE ROLE filler LOGIN"});
  const auto others = fill(server);
  Bench bench{keys(server.dsn("monitor"))};

  const auto result = bench.run();

  CHECK(result.status == Status::down);
  CHECK(result.reason == Reason::too_many_connections);
}

TEST_CASE("a server that shuts down for as long as its sessions last is `starting`", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor"))};
  REQUIRE(bench.run().status == Status::up);

  ::kill(server.postmaster(), SIGTERM);  // a smart shutdown: it waits for the kept session

  CHECK(wait_until([&] { return bench.run().reason == Reason::starting; }));
}

TEST_CASE("a stop of the daemon ends a run that hangs, at once", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor")), 10s};
  REQUIRE(bench.run().status == Status::up);
  server.freeze_all();

  asio::cancellation_signal stop;
  asio::steady_timer soon{bench.main(), 100ms};
  soon.async_wait([&](boost::system::error_code) { stop.emit(asio::cancellation_type::terminal); });
  bool threw = false;
  const auto begin = std::chrono::steady_clock::now();
  asio::co_spawn(bench.main(), run_probe(bench.probe(), "metadata", 10s, bench.tools()),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr error, const Outcome&) {
                   threw = error != nullptr;
                 }));
  bench.main().restart();
  bench.main().run_for(5s);

  CHECK(threw);
  CHECK(std::chrono::steady_clock::now() - begin < 1s);
}

}  // namespace healthd::test
