#include <catch2/catch_test_macros.hpp>

#include "daemon/grants_check.hpp"
#include "daemon/grants_text.hpp"
#include "tests/integration/grants_postgres_site.hpp"
#include "tests/integration/postgres_bench.hpp"

namespace healthd::test {
namespace {

constexpr auto postgres = GrantsSection::postgres;

}  // namespace

TEST_CASE("the SQL that grants prints can be run twice, and the probe then works with exactly that") {
  PostgresSite site;
  site.apply();
  site.apply();

  const auto checked = site.grants.check(postgres);
  INFO(checked.text);
  CHECK(checked.code == 0);
  CHECK(checked.says(": exact"));

  Bench bench{"dsn: \"host=127.0.0.1 port=" + std::to_string(site.server.port()) +
              " dbname=postgres user='he\\\"al\\\\'th d'\"\npassword: hd-canary-right\n"};
  const auto result = bench.run();
  INFO(result.detail);
  CHECK(result.status == Status::up);
  CHECK(sample(result, "healthd_postgres_monitor_privileges_ok") == 1.0);
  for (const auto& one : result.samples) {
    INFO(one.name << " " << (one.labels.empty() ? "" : one.labels.front().second));
    CHECK((one.name != "healthd_postgres_collector_success" || one.value == 1.0));
  }
}

TEST_CASE("what the monitor's role lacks is named, each by its own statement") {
  PostgresSite site;
  site.apply();
  const std::vector<Change> changes{
      {"REVOKE pg_monitor FROM %s", "GRANT pg_monitor TO %s", "membership in pg_monitor, for metadata"},
      {"REVOKE SELECT ON SEQUENCE logs_id_seq FROM %s", "GRANT SELECT ON SEQUENCE logs_id_seq TO %s",
       "SELECT on sequence public.logs_id_seq"},
      {"ALTER ROLE %s CONNECTION LIMIT 1", "ALTER ROLE %s CONNECTION LIMIT 5",
       "CONNECTION LIMIT: it is 1, and the probes need 2"},
      {"ALTER ROLE %s RESET lock_timeout", "ALTER ROLE %s SET lock_timeout = '1s'",
       "ALTER ROLE SET lock_timeout"},
      {"ALTER ROLE %s SET statement_timeout = 0", "ALTER ROLE %s SET statement_timeout = '15s'",
       "ALTER ROLE SET statement_timeout"},
  };
  site.as_admin(changes, &Change::made);
  const auto checked = site.grants.check(postgres);
  INFO(checked.text);
  CHECK(checked.code == 1);
  for (const auto& change : changes) CHECK(checked.says("missing: " + change.named));
  CHECK_FALSE(checked.says("too much"));
  CHECK_FALSE(checked.says("hd-canary"));
  site.as_admin(changes, &Change::undone);
  REQUIRE(site.is_alone());
  CHECK(site.grants.check(postgres).code == 0);
}

TEST_CASE("what the monitor's role has beyond its needs is named") {
  PostgresSite site;
  site.apply();
  site.server.execute({"CREATE SCHEMA other", "CREATE TABLE other.orders (id int, name text)",
                       "CREATE TABLE other.owned (id int)", "CREATE ROLE staff"});
  const std::vector<Change> changes{
      {"GRANT INSERT ON logs TO %s", "REVOKE INSERT ON logs FROM %s", "INSERT on public.logs"},
      {"GRANT UPDATE (name) ON other.orders TO %s", "REVOKE UPDATE (name) ON other.orders FROM %s",
       "UPDATE on other.orders"},
      {"GRANT SELECT ON logs TO %s", "REVOKE SELECT ON logs FROM %s", "SELECT on public.logs"},
      {"GRANT SELECT (name) ON other.orders TO %s", "REVOKE SELECT (name) ON other.orders FROM %s",
       "SELECT (name) on other.orders"},
      {"GRANT USAGE ON SEQUENCE logs_id_seq TO %s", "REVOKE USAGE ON SEQUENCE logs_id_seq FROM %s",
       "USAGE on sequence public.logs_id_seq"},
      {"ALTER ROLE %s CREATEDB", "ALTER ROLE %s NOCREATEDB", "CREATEDB"},
      {"ALTER ROLE %s CREATEROLE", "ALTER ROLE %s NOCREATEROLE", "CREATEROLE"},
      {"ALTER ROLE %s REPLICATION", "ALTER ROLE %s NOREPLICATION", "REPLICATION"},
      {"ALTER ROLE %s BYPASSRLS", "ALTER ROLE %s NOBYPASSRLS", "BYPASSRLS"},
      {"ALTER ROLE %s CONNECTION LIMIT -1", "ALTER ROLE %s CONNECTION LIMIT 5",
       "CONNECTION LIMIT: none is set"},
      {"GRANT pg_execute_server_program TO %s", "REVOKE pg_execute_server_program FROM %s",
       "membership in pg_execute_server_program"},
      {"GRANT staff TO %s", "REVOKE staff FROM %s", "membership in staff"},
      {"GRANT CREATE ON SCHEMA other TO %s", "REVOKE CREATE ON SCHEMA other FROM %s",
       "CREATE on schema other"},
      {"GRANT CREATE ON DATABASE postgres TO %s", "REVOKE CREATE ON DATABASE postgres FROM %s",
       "CREATE on the database"},
      {"ALTER TABLE other.owned OWNER TO %s", "REASSIGN OWNED BY %s TO postgres",
       "owner of table other.owned"},
      {"GRANT pg_monitor TO %s WITH ADMIN OPTION", "REVOKE ADMIN OPTION FOR pg_monitor FROM %s",
       "ADMIN OPTION on pg_monitor"},
      {"GRANT EXECUTE ON FUNCTION pg_read_file(text) TO %s",
       "REVOKE EXECUTE ON FUNCTION pg_read_file(text) FROM %s", "EXECUTE on function pg_read_file(text)"},
      {"GRANT CREATE ON TABLESPACE pg_default TO %s", "REVOKE CREATE ON TABLESPACE pg_default FROM %s",
       "CREATE on tablespace pg_default"},
      {"ALTER ROLE %s SET default_transaction_read_only = off",
       "ALTER ROLE %s RESET default_transaction_read_only", "ALTER ROLE SET default_transaction_read_only"},
  };
  site.as_admin(changes, &Change::made);
  const auto checked = site.grants.check(postgres);
  INFO(checked.text);
  CHECK(checked.code == 1);
  for (const auto& change : changes) CHECK(checked.says("too much: " + change.named));
  CHECK_FALSE(checked.says("missing"));
  CHECK_FALSE(checked.says("hd-canary"));
  site.as_admin(changes, &Change::undone);
  REQUIRE(site.is_alone());
  CHECK(site.grants.check(postgres).code == 0);
}

TEST_CASE("a superuser is too much, whatever else it has") {
  PostgresSite site;
  site.apply();
  site.as_admin("ALTER ROLE %s SUPERUSER");
  const auto checked = site.grants.check(postgres);
  CHECK(checked.code == 1);
  CHECK(checked.says("too much: SUPERUSER"));
}

TEST_CASE("a right that everybody has is named as such, with the REVOKE that takes it away") {
  PostgresSite site;
  site.apply();
  site.server.execute(
      {"GRANT SELECT ON logs TO PUBLIC", "GRANT EXECUTE ON FUNCTION pg_ls_dir(text) TO PUBLIC"});
  const auto checked = site.grants.check(postgres);
  INFO(checked.text);
  CHECK(checked.code == 1);
  CHECK(checked.says("it comes from PUBLIC: REVOKE SELECT ON public.logs FROM PUBLIC"));
  CHECK(checked.says("it comes from PUBLIC: REVOKE EXECUTE ON FUNCTION pg_ls_dir(text) FROM PUBLIC"));
}

TEST_CASE("that everybody may create in public is a note, with what keeps the application's upgrades going") {
  PostgresSite site;
  site.apply();
  site.server.execute({"GRANT CREATE ON SCHEMA public TO PUBLIC", "CREATE ROLE \"the app\"",
                       "ALTER DATABASE postgres OWNER TO \"the app\""});
  const auto checked = site.grants.check(postgres);
  INFO(checked.text);
  CHECK(checked.code == 0);
  CHECK(checked.says("note: CREATE on schema public is everybody's."));
  CHECK(checked.says(
      "GRANT CREATE ON SCHEMA public TO \"the app\"; and only then REVOKE CREATE ON SCHEMA public"));
  site.as_admin("GRANT CREATE ON SCHEMA public TO %s");
  REQUIRE(site.is_alone());
  const auto its_own = site.grants.check(postgres);
  CHECK(its_own.code == 1);
  CHECK(its_own.says("too much: CREATE on schema public"));
}

TEST_CASE("the SQL that grants prints leaves a role alone that is not the monitor's own") {
  PostgresSite site;
  site.server.execute({PostgresSite::quoted("CREATE ROLE %s LOGIN")});
  std::string why;
  SECTION("a superuser") {
    site.as_admin("ALTER ROLE %s SUPERUSER");
    why = "is a superuser";
  }
  SECTION("one that owns the tables") {
    site.as_admin("ALTER TABLE logs OWNER TO %s");
    why = "owns something";
  }
  SECTION("one that writes to tables of another") {
    site.as_admin("GRANT UPDATE ON logs TO %s");
    why = "may write to a table here";
  }
  SECTION("a member of the role that owns the tables") {
    site.server.execute({"CREATE ROLE owner", "ALTER TABLE logs OWNER TO owner"});
    site.as_admin("GRANT owner TO %s");
    why = "owns something";
  }
  CHECK_FALSE(site.run_printed());
  INFO(site.grants.log());
  CHECK(site.grants.log().find("it is not the monitor's own") != std::string::npos);
  CHECK(site.grants.log().find(why) != std::string::npos);
  CHECK(site.server.ask("SELECT rolconnlimit FROM pg_roles WHERE rolname LIKE 'he%'") == "-1");
  CHECK(site.server.ask("SELECT count(*) FROM pg_db_role_setting") == "0");
}

TEST_CASE("the SQL that grants prints lets the probe see again whether the server is read-only") {
  PostgresSite site;
  site.apply();
  site.as_admin("ALTER ROLE %s SET default_transaction_read_only = off");
  site.as_admin("ALTER ROLE %s IN DATABASE postgres SET default_transaction_read_only = off");
  site.apply();
  CHECK(site.grants.check(postgres).code == 0);
}

TEST_CASE("where the role cannot log in nothing is known, and that is not exact") {
  PostgresSite site;
  SECTION("nobody made the role") {}
  SECTION("the password is another") {
    site.apply();
    site.as_admin("ALTER ROLE %s PASSWORD 'other'");
  }
  SECTION("the server is gone") { site.server.kill(); }
  const auto checked = site.grants.check(postgres);
  INFO(checked.text);
  CHECK(checked.code == 1);
  CHECK(checked.says("unknown: could not connect"));
  CHECK_FALSE(checked.says("hd-canary"));
}

TEST_CASE("one role in two databases gets what is read in each, and columns are looked at one by one") {
  PostgresServer server;
  GrantsBench bench{""};
  Needs needs;
  for (const auto* database : {"postgres", "second db"}) {
    if (database != std::string{"postgres"}) server.execute({"CREATE DATABASE \"second db\""});
    PostgresNeeds one;
    one.probe = "metadata";
    one.target.host = server.socket_folder();
    one.target.port = server.port();
    one.target.keywords = {{"user", "healthd"}, {"dbname", database}};
    one.connections = 2;
    one.memberships = {"pg_monitor"};
    one.reads = {{"query", {"status", "start_time"}}, {"alembic_version", {}}};
    needs.postgres.push_back(one);
  }
  const auto psql = "psql -X -q -v ON_ERROR_STOP=1 -U postgres -h " + server.socket_folder() + " -p " +
                    std::to_string(server.port());
  const auto as_admin = [&](const std::string& database, const std::string& sql) {
    return bench.shell(psql + " -d '" + database + "' -f " + bench.file("admin.sql", sql));
  };
  const std::string tables =
      "CREATE TABLE query (status text, start_time numeric, sql text);"
      "CREATE TABLE alembic_version (version_num text);";
  REQUIRE((as_admin("postgres", tables) && as_admin("second db", tables)));
  const auto account = postgres_accounts(needs).at(0);
  CHECK(account.connections == 4);
  const auto applied = as_admin("postgres", grants_sql({account}));
  INFO(bench.log());
  REQUIRE(applied);
  for (const auto& [database, wanted] : account.databases) CHECK(check_postgres(account, database).exact());

  REQUIRE(as_admin("second db",
                   "REVOKE SELECT (status) ON query FROM healthd; GRANT SELECT (sql) ON query TO healthd;"
                   "REVOKE SELECT ON alembic_version FROM healthd"));
  const auto found = check_postgres(account, "second db");
  CHECK(found.missing == std::vector<std::string>{"SELECT on public.alembic_version, for metadata",
                                                  "SELECT (status) on public.query, for metadata"});
  CHECK(found.too_much == std::vector<std::string>{"SELECT (sql) on public.query"});
  CHECK(check_postgres(account, "postgres").exact());

  REQUIRE(as_admin("postgres", "GRANT SELECT ON query TO healthd"));
  CHECK(check_postgres(account, "postgres").too_much ==
        std::vector<std::string>{"SELECT on all of public.query: only (start_time, status) is needed"});
}

TEST_CASE("a configuration with errors gets no grants") {
  const GrantsBench bench{"  - {name: metadata, kind: postgres}\n"};
  const auto printed = bench.print(postgres);
  CHECK(printed.code == 1);
  CHECK(printed.text.empty());
  CHECK(printed.errors.find("config.yaml:3:5: \"dsn\" is required") != std::string::npos);
}

}  // namespace healthd::test
