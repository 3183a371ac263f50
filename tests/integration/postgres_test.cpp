#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <future>
#include <pqxx/pqxx>

#include "tests/integration/postgres_bench.hpp"

namespace healthd::test {

TEST_CASE("a healthy server is up, and its figures are there", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor"))};

  const auto result = bench.run();

  INFO(result.detail);
  CHECK(result.status == Status::up);
  CHECK(check(result, "connect").status == Status::up);
  CHECK(check(result, "query").status == Status::up);
  CHECK(sample(result, "healthd_postgres_up") == 1.0);
  CHECK(sample(result, "healthd_postgres_in_recovery") == 0.0);
  CHECK(sample(result, "healthd_postgres_connections_max") == 20.0);
  CHECK(sample(result, "healthd_postgres_connections_reserved") == 3.0);
  CHECK(sample(result, "healthd_postgres_connections", "idle_in_transaction") == 0.0);
  CHECK(sample(result, "healthd_postgres_monitor_privileges_ok") == 1.0);
  const auto started = std::stod(server.ask("SELECT extract(epoch FROM pg_postmaster_start_time())"));
  CHECK(sample(result, "healthd_postgres_start_time_seconds") == started);
  const auto shown = server.ask("SELECT split_part(current_setting('server_version'), ' ', 1)");
  CHECK(result.evidence.front() == std::pair<std::string, std::string>{"version", shown});
  CHECK(result.phases[Phase::connect].has_value());
  CHECK(result.phases[Phase::auth].has_value());
  CHECK(result.phases[Phase::request].has_value());
}

TEST_CASE("sessions of others are counted by their state", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor"))};
  pqxx::connection idle{"host=" + server.socket_folder() + " port=" + std::to_string(server.port()) +
                        " user=postgres dbname=postgres"};
  pqxx::connection waiting{"host=" + server.socket_folder() + " port=" + std::to_string(server.port()) +
                           " user=postgres dbname=postgres"};
  pqxx::work transaction{waiting};
  transaction.exec("SELECT 1");

  const auto result = bench.run();

  CHECK(sample(result, "healthd_postgres_connections", "idle_in_transaction") == 1.0);
  CHECK(sample(result, "healthd_postgres_connections", "idle") >= 1.0);
}

TEST_CASE("a wrong password is the monitor's fault: unknown, and no word on whether the server is up",
          "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor"), "wrong")};

  const auto result = bench.run();

  CHECK(result.status == Status::unknown);
  CHECK(result.reason == Reason::auth);
  CHECK(result.detail.find("wrong") == std::string::npos);
  CHECK_FALSE(sample(result, "healthd_postgres_up"));
}

TEST_CASE("a missing password is the monitor's fault too", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{"dsn: \"" + server.dsn("monitor") + "\"\n"};

  const auto result = bench.run();

  CHECK(result.status == Status::unknown);
  CHECK(result.reason == Reason::auth);
}

TEST_CASE("a database that does not exist is named as such", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor", "nowhere"))};

  const auto result = bench.run();

  CHECK(result.status == Status::down);
  CHECK(result.reason == Reason::wrong_database);
  CHECK(result.detail.find("the database does not exist") != std::string::npos);
}

TEST_CASE("without pg_monitor the probe is degraded and counts are withheld, for they would read healthy",
          "[postgres]") {
  PostgresServer server;
  server.execute({"CREATE ROLE blind LOGIN PASSWORD 'right'"});
  Bench bench{keys(server.dsn("blind"))};

  const auto result = bench.run();

  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::permission);
  CHECK(sample(result, "healthd_postgres_up") == 1.0);
  CHECK(sample(result, "healthd_postgres_monitor_privileges_ok") == 0.0);
  CHECK(sample(result, "healthd_postgres_connections_max") == 20.0);
  CHECK_FALSE(sample(result, "healthd_postgres_connections"));
}

TEST_CASE("a Unix socket is a target like any other", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{"dsn: \"host=" + server.socket_folder() + " port=" + std::to_string(server.port()) +
              " user=monitor dbname=postgres\"\n"};

  CHECK(bench.run().status == Status::up);
  CHECK(bench.probe().target() == server.socket_folder() + "/.s.PGSQL." + std::to_string(server.port()));
}

TEST_CASE("a host name is tried at each of its addresses", "[postgres]") {
  PostgresServer server;  // listens on 127.0.0.1 only; localhost may begin with ::1
  make_monitor(server);
  Bench bench{keys("host=localhost port=" + std::to_string(server.port()) + " user=monitor dbname=postgres")};

  CHECK(bench.run().status == Status::up);
}

TEST_CASE("a server without TLS is refused where the dsn asks for verification", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor") + " sslmode=verify-full")};

  const auto result = bench.run();

  CHECK(result.status == Status::down);
  CHECK(result.reason == Reason::tls_handshake);
}

TEST_CASE("a certificate is verified: its issuer and its name", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  server.execute(
      {"COPY (SELECT 1) TO PROGRAM 'openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
       " -addext subjectAltName=DNS:localhost -keyout server.key -out server.crt 2>/dev/null'",
       "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"});
  const auto dsn = " hostaddr=127.0.0.1 port=" + std::to_string(server.port()) +
                   " user=monitor dbname=postgres sslmode=verify-full";
  const auto issuer = " sslrootcert=" + server.socket_folder() + "/data/server.crt";
  Bench good{keys("host=localhost" + dsn + issuer)};
  Bench stranger{keys("host=localhost" + dsn)};
  Bench misnamed{keys("host=db.example.com" + dsn + issuer)};

  CHECK(wait_until([&] { return good.run().status == Status::up; }));  // the reload takes a moment
  CHECK(stranger.run().reason == Reason::tls_untrusted);
  CHECK(misnamed.run().reason == Reason::tls_hostname);
}

TEST_CASE("with a connect_interval the last connection counts until the next, which a lost session brings on",
          "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor")) + "connect_interval: 1h\n"};
  REQUIRE(bench.run().status == Status::up);
  server.execute({"ALTER ROLE monitor CONNECTION LIMIT 1"});  // a second session would be refused

  const auto between = bench.run();
  CHECK(between.status == Status::up);
  CHECK(find_check(between, "connect") == nullptr);  // nothing was seen of one
  CHECK(check(between, "query").status == Status::up);
  CHECK(between.evidence.back().second.starts_with("last opened "));

  server.execute({"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'monitor'"});
  REQUIRE(wait_until([&] { return sessions_of(server, "monitor") == 0; }));
  const auto again = bench.run();
  CHECK(again.status == Status::up);
  CHECK(again.phases[Phase::auth].has_value());

  server.kill();
  for (int i = 0; i < 2; ++i) CHECK(bench.run().reason == Reason::connect_refused);
}

TEST_CASE("a run that comes a moment early still opens the connection that is due", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor")) + "connect_interval: 1s\n", 900ms, 1s};
  const auto begun = std::chrono::steady_clock::now();
  REQUIRE(bench.run().status == Status::up);
  CHECK(find_check(bench.run(), "connect") == nullptr);

  REQUIRE(wait_until([&] { return std::chrono::steady_clock::now() - begun > 950ms; }));
  CHECK(find_check(bench.run(), "connect") != nullptr);
}

TEST_CASE("after a question that failed a connection is opened at once, whatever the interval",
          "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor")) + "connect_interval: 1h\n", 500ms};
  REQUIRE(bench.run().status == Status::up);
  const auto pid = std::stoi(server.ask("SELECT pid FROM pg_stat_activity WHERE usename = 'monitor'"));
  REQUIRE(::kill(pid, SIGSTOP) == 0);

  const auto first = bench.run();
  const auto second = bench.run();
  ::kill(pid, SIGCONT);

  CHECK(check(first, "query").reason == Reason::timeout);
  CHECK(find_check(first, "connect") == nullptr);
  CHECK(check(second, "query").reason == Reason::timeout);
  REQUIRE(find_check(second, "connect") != nullptr);
  CHECK(check(second, "connect").status == Status::up);
}

TEST_CASE(
    "a PostgreSQL loop that another login keeps busy is no news of this server, and ends the run in time",
    "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor")), 300ms};
  std::promise<void> done;
  asio::post(bench.tools().postgres, [wait = done.get_future().share()] { wait.wait_for(10s); });

  const auto first = bench.outcome();
  const auto second = bench.outcome();
  done.set_value();

  for (const auto& outcome : {first, second}) {
    CHECK(outcome.result.status == Status::unknown);
    CHECK(outcome.result.reason == Reason::internal);
    CHECK(outcome.took < 1s);
  }
  CHECK(wait_until([&] { return bench.run().status == Status::up; }));
}

TEST_CASE("a login that is refused is left alone for a minute, so that no account is locked", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor"), "wrong")};

  CHECK(bench.run().rest == 60s);
}

TEST_CASE("the limit of our own role is told apart from a full server", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor"))};
  REQUIRE(bench.run().status == Status::up);
  server.execute({"ALTER ROLE monitor CONNECTION LIMIT 1"});

  const auto result = bench.run();

  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::too_many_connections);
  CHECK(result.detail.starts_with("the monitor's role has as many connections"));
}

TEST_CASE("the server never sees more than two connections of a probe", "[postgres]") {
  PostgresServer server;
  make_monitor(server, "CONNECTION LIMIT 2");  // the server itself refuses a third
  Bench bench{keys(server.dsn("monitor"))};

  for (int i = 0; i < 20; ++i) {
    const auto result = bench.run();
    INFO("run " << i << ": " << result.detail);
    CHECK(result.status == Status::up);
    CHECK(wait_until([&] { return sessions_of(server, "monitor") == 1; }));
  }
}

}  // namespace healthd::test
