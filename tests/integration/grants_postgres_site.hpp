// A server with the application's table in it, and `grants` for a probe that watches it.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "tests/integration/grants_bench.hpp"
#include "tests/support/postgres_server.hpp"

namespace healthd::test {

/// The role's name needs quoting; the table is none of a monitor's business.
struct Change {
  std::string made, undone, named;
};

struct PostgresSite {
  PostgresServer server;
  GrantsBench grants{
      "  - {name: metadata, kind: postgres, password_file: FOLDER/password, dsn: \"host=127.0.0.1 port=" +
      std::to_string(server.port()) + " dbname=postgres user='he\\\"al\\\\'th d'\"}\n"};

  /// Everything is taken from everybody: what is printed must do without.
  PostgresSite() {
    server.execute({"CREATE TABLE logs (id serial PRIMARY KEY, dttm timestamp)",
                    "REVOKE ALL ON SCHEMA public FROM PUBLIC"});
  }

  /// Whether psql could do all that is printed; without ON_ERROR_STOP, for it is in there.
  bool run_printed() const {
    const auto sql = grants.file("grants.sql", grants.print(GrantsSection::postgres).text);
    return grants.shell("psql -X -q -U postgres -d template1 -h " + server.socket_folder() + " -p " +
                        std::to_string(server.port()) + " <" + sql);
  }

  /// As the manual says: psql as a superuser, then the password.
  void apply() {
    const bool applied = run_printed();
    INFO(grants.log());
    REQUIRE(applied);
    server.execute({quoted("ALTER ROLE %s PASSWORD 'hd-canary-right'")});
  }

  /// `%s` is the role.
  static std::string quoted(std::string sql) { return sql.replace(sql.find("%s"), 2, "\"he\"\"al'th d\""); }
  /// Sessions of the last look end a moment after it, and they count.
  bool is_alone() const {
    return wait_until(
        [&] { return server.ask("SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'he%'") == "0"; });
  }
  void as_admin(const std::vector<Change>& changes, std::string Change::* statement) {
    for (const auto& change : changes) as_admin(change.*statement);
  }
  void as_admin(const std::string& sql) { server.execute({quoted(sql)}); }
};

}  // namespace healthd::test
