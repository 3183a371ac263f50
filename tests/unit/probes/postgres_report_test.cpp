#include <catch2/catch_test_macros.hpp>

#include "probes/postgres_report.hpp"

namespace healthd {
namespace {

PgFindings healthy() {
  PgFindings findings;
  findings.facts = PgFacts{150020, false, 1.7e9, true, 100, 3};
  findings.activity = read_pg_activity({{"idle", "7"}, {"active", "2"}});
  return findings;
}

std::optional<double> sample(const ProbeResult& result, std::string_view name) {
  for (const auto& one : result.samples)
    if (one.name == name) return one.value;
  return std::nullopt;
}

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

TEST_CASE("the evidence says who it is and how full it is") {
  const auto result = pg_report(healthy());

  const std::vector<std::pair<std::string, std::string>> expected{
      {"version", "15.20"}, {"role", "primary"}, {"connections", "9 of 100, 3 reserved"}};
  CHECK(result.evidence == expected);
}

TEST_CASE("every state of a session is counted, also those that nobody is in or that are new to us") {
  const auto activity =
      read_pg_activity({{"idle in transaction (aborted)", "1"}, {"dreaming", "2"}, {"other", "3"}});

  const PgActivity expected{{"active", 0},
                            {"idle", 0},
                            {"idle_in_transaction", 0},
                            {"idle_in_transaction_aborted", 1},
                            {"other", 5}};
  CHECK(activity == expected);
}

TEST_CASE("settings that read like nothing known are refused instead of guessed") {
  CHECK(read_pg_facts({{"150020", "f", "1.5", "t", "100", "3"}}).has_value());
  CHECK_FALSE(read_pg_facts({}).has_value());
  CHECK_FALSE(read_pg_facts({{"150020", "f", "1.5", "t", "100"}}).has_value());
  CHECK_FALSE(read_pg_facts({{"150020", std::nullopt, "1.5", "t", "100", "3"}}).has_value());
  CHECK_FALSE(read_pg_facts({{"fifteen", "f", "1.5", "t", "100", "3"}}).has_value());
  CHECK_FALSE(read_pg_facts({{"150020", "f", "nan", "t", "100", "3"}}).has_value());
  CHECK_FALSE(read_pg_activity({{"idle"}}).has_value());
}

}  // namespace healthd
