// Primary or standby, writable or not: judged by the server's state, never by our own session's.
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/postgres_bench.hpp"

namespace healthd::test {
namespace {

std::string evidence(const ProbeResult& result, std::string_view key) {
  for (const auto& [name, text] : result.evidence)
    if (name == key) return text;
  return "";
}

}  // namespace

TEST_CASE("a server that was set read-only is degraded, and the next run after its return is up",
          "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor"))};
  REQUIRE(check(bench.run(), "write").status == Status::up);

  server.execute({"ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"});
  REQUIRE(wait_until([&] { return bench.run().reason == Reason::read_only; }));
  const auto result = bench.run();
  CHECK(result.status == Status::degraded);
  CHECK(result.detail.find("the server has") != std::string::npos);
  CHECK(sample(result, "healthd_postgres_up") == 1.0);

  server.execute({"SET default_transaction_read_only = off",
                  "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"});
  CHECK(wait_until([&] { return bench.run().status == Status::up; }));
}

TEST_CASE("a database that was set read-only is seen while the kept session lives, and so is its return",
          "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  Bench bench{keys(server.dsn("monitor"))};
  REQUIRE(bench.run().status == Status::up);

  server.execute({"ALTER DATABASE postgres SET default_transaction_read_only = on"});
  for (int i = 0; i < 3; ++i) {
    const auto result = bench.run();
    CHECK(result.reason == Reason::read_only);
    CHECK(result.detail.find("the database has") != std::string::npos);
  }
  server.execute({"SET default_transaction_read_only = off",
                  "ALTER DATABASE postgres RESET default_transaction_read_only"});
  for (int i = 0; i < 3; ++i) CHECK(bench.run().status == Status::up);
  CHECK(check(bench.run(), "write").status == Status::up);
}

TEST_CASE("our own role's setting says nothing about others", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  server.execute({"ALTER ROLE monitor SET default_transaction_read_only = on"});
  Bench bench{keys(server.dsn("monitor"))};

  const auto result = bench.run();

  CHECK(result.status == Status::up);
  CHECK(find_check(result, "write") == nullptr);
}

TEST_CASE("a standby where a primary is expected is degraded, and its promotion is seen inside the session",
          "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  server.become_standby();
  Bench bench{keys(server.dsn("monitor"))};

  const auto standby = bench.run();
  CHECK(standby.status == Status::degraded);
  CHECK(standby.reason == Reason::read_only);
  CHECK(sample(standby, "healthd_postgres_in_recovery") == 1.0);
  CHECK(sample(standby, "healthd_postgres_up") == 1.0);

  server.ask("SELECT pg_promote()");
  const auto promoted = bench.run();
  CHECK(promoted.status == Status::degraded);
  CHECK(promoted.reason == Reason::role_changed);
  CHECK(evidence(promoted, "role") == "standby -> primary");
  CHECK(sample(promoted, "healthd_postgres_in_recovery") == 0.0);

  const auto after = bench.run();
  CHECK(after.status == Status::up);
  CHECK(evidence(after, "role") == "primary");
}

TEST_CASE("a standby is as good as any where it is expected", "[postgres]") {
  PostgresServer server;
  make_monitor(server);
  server.become_standby();
  Bench standby{keys(server.dsn("monitor")) + "expected_role: standby\n"};
  Bench any{keys(server.dsn("monitor")) + "expected_role: any\n"};

  CHECK(standby.run().status == Status::up);
  CHECK(any.run().status == Status::up);
}

}  // namespace healthd::test
