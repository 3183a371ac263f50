#include <catch2/catch_test_macros.hpp>

#include "probes/postgres_report.hpp"
#include "probes/postgres_rows.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

PgFindings healthy() {
  PgFindings findings;
  findings.facts = PgFacts{150020, false, 1.7e9, true, 100, 3};
  findings.samples = read_pg_activity({{"idle", "7", "1", std::nullopt, std::nullopt},
                                       {"active", "2", "1", "1", std::nullopt}})
                         .value();
  return findings;
}

std::optional<double> sample(const ProbeResult& result, std::string_view name) {
  for (const auto& one : result.samples)
    if (one.name == name) return one.value;
  return std::nullopt;
}

CheckResult check(const ProbeResult& result, std::string_view name) {
  const auto* found = find_check(result, name);
  return found == nullptr ? CheckResult{} : *found;
}

PgRow facts_row() { return {"150020", "f", "1.5", "t", "100", "3", "f", std::nullopt, "f"}; }

}  // namespace

TEST_CASE("the verdict follows from the fresh connection first, then from the kept session") {
  struct Case {
    Reason connect, query;
    Status status;
    Reason reason;
    std::optional<double> up;
  };
  const Case cases[] = {
      {Reason::none, Reason::none, Status::up, Reason::none, 1},
      {Reason::timeout, Reason::none, Status::down, Reason::timeout, 0},
      {Reason::none, Reason::timeout, Status::down, Reason::timeout, 0},
      {Reason::connect_refused, Reason::reset, Status::down, Reason::connect_refused, 0},
      {Reason::starting, Reason::none, Status::down, Reason::starting, 0},
      {Reason::wrong_database, Reason::wrong_database, Status::down, Reason::wrong_database, 0},
      {Reason::auth, Reason::none, Status::unknown, Reason::auth, std::nullopt},
      {Reason::auth, Reason::auth, Status::unknown, Reason::auth, std::nullopt},
      {Reason::too_many_connections, Reason::none, Status::degraded, Reason::too_many_connections, 1},
      {Reason::too_many_connections, Reason::timeout, Status::down, Reason::too_many_connections, 0},
  };
  for (const auto& [connect, query, status, reason, up] : cases) {
    INFO(to_string(connect) << " and " << to_string(query));
    auto findings = healthy();
    findings.connect = {connect, "connect"};
    findings.query = {query, "query"};
    const auto result = pg_report(findings);
    CHECK(result.status == status);
    CHECK(result.reason == reason);
    CHECK(sample(result, "healthd_postgres_up") == up);
    CHECK(find_check(result, "connect") != nullptr);
    CHECK(find_check(result, "query") != nullptr);
    CHECK(result.rest == (connect == Reason::auth ? 60s : 0s));
  }
}

TEST_CASE("statistics that could not be had make the probe degraded, not down") {
  PgFindings findings;
  findings.statistics = {Reason::permission, "permission denied"};

  const auto result = pg_report(findings);

  CHECK(result.status == Status::degraded);
  CHECK(result.reason == Reason::permission);
  CHECK(sample(result, "healthd_postgres_up") == 1.0);
  CHECK_FALSE(sample(result, "healthd_postgres_connections_max"));
}

TEST_CASE("a server of the wrong role, or one that has just changed it, is degraded") {
  struct Case {
    bool in_recovery, changed;
    PgRole expected;
    Reason reason;
  };
  const Case cases[] = {
      {false, false, PgRole::primary, Reason::none},
      {true, false, PgRole::primary, Reason::read_only},
      {false, false, PgRole::standby, Reason::role_changed},
      {true, false, PgRole::standby, Reason::none},
      {true, false, PgRole::any, Reason::none},
      {false, false, PgRole::any, Reason::none},
      {false, true, PgRole::primary, Reason::role_changed},
      {true, true, PgRole::any, Reason::role_changed},
  };
  for (const auto& [in_recovery, changed, expected, reason] : cases) {
    auto findings = healthy();
    findings.facts->in_recovery = in_recovery;
    findings.role_changed = changed;
    const auto result = pg_report(findings, expected);
    CHECK(check(result, "role").reason == reason);
    CHECK(result.status == (reason == Reason::none ? Status::up : Status::degraded));
    CHECK(sample(result, "healthd_postgres_up") == 1.0);
  }
}

TEST_CASE("whether others can write is judged by the server's and the database's setting, never by ours") {
  struct Case {
    bool server;
    std::optional<bool> database;
    bool own, old;
    Status write;
  };
  const Case cases[] = {
      {false, std::nullopt, false, false, Status::up},
      {true, std::nullopt, false, false, Status::down},
      {false, true, false, false, Status::down},
      {true, false, false, false, Status::up},
      {true, true, true, false, Status::down},
      {true, std::nullopt, true, false, Status::unknown},
      {true, std::nullopt, false, true, Status::unknown},
  };
  for (const auto& [server, database, own, old, write] : cases) {
    auto findings = healthy();
    findings.facts->server_read_only = server;
    findings.facts->database_read_only = database;
    findings.facts->own_read_only = own;
    findings.settings_are_old = old;
    const auto result = pg_report(findings);
    CHECK(check(result, "write").status == write);
    CHECK((find_check(result, "write") == nullptr) == (write == Status::unknown));
    CHECK(result.status == (write == Status::down ? Status::degraded : Status::up));
  }
}

TEST_CASE("the evidence says who it is, how full it is and of what") {
  const auto result = pg_report(healthy());

  const std::vector<std::pair<std::string, std::string>> expected{
      {"version", "15.20"}, {"role", "primary"}, {"connections", "9 of 100, 3 reserved: 2 active, 7 idle"}};
  CHECK(result.evidence == expected);
}

TEST_CASE("a role that changed is shown with what it was, and a connection with its age") {
  auto findings = healthy();
  findings.role_changed = true;
  findings.connect_age = 45s;

  const auto result = pg_report(findings);
  const auto& evidence = result.evidence;

  CHECK(evidence[1].second == "standby -> primary");
  CHECK(evidence.back() == std::pair<std::string, std::string>{"connect", "last opened 45 s ago"});
  CHECK(find_check(result, "connect") == nullptr);  // nothing was seen of one in this run
}

TEST_CASE("settings that read like nothing known are refused instead of guessed") {
  CHECK(read_pg_facts({facts_row()}).has_value());
  CHECK_FALSE(read_pg_facts({}).has_value());
  for (const std::size_t column : {0U, 1U, 2U, 3U, 4U, 5U}) {
    auto row = facts_row();
    row[column].reset();
    CHECK_FALSE(read_pg_facts({row}).has_value());
  }
  auto row = facts_row();
  row[0] = "fifteen";
  CHECK_FALSE(read_pg_facts({row}).has_value());
  row = facts_row();
  row[2] = "nan";
  CHECK_FALSE(read_pg_facts({row}).has_value());
  row.pop_back();
  CHECK_FALSE(read_pg_facts({row}).has_value());
}

TEST_CASE("a database's own setting counts where there is one") {
  auto row = facts_row();
  CHECK_FALSE(read_pg_facts({row})->database_read_only);
  row[7] = "t";
  CHECK(read_pg_facts({row})->database_read_only == true);
  row[7] = "f";
  CHECK(read_pg_facts({row})->database_read_only == false);
}

}  // namespace healthd
