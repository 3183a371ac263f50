// What a PostgreSQL server told us, as samples, evidence and a verdict. Pure: no connection, no clock.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/net/postgres.hpp"
#include "probes/result.hpp"

namespace healthd {

/// The statements of one round, in this order, each outside a transaction. The last one only with
/// `may_monitor`.
extern const std::string_view pg_alive_sql;
extern const std::string_view pg_facts_sql;
extern const std::string_view pg_activity_sql;

struct PgFacts {
  int version_number = 0;  ///< 150020 for 15.20
  bool in_recovery = false;
  double started_at = 0;  ///< seconds since 1970
  bool may_monitor = false;
  double connections_max = 0;
  double connections_reserved = 0;
};
std::optional<PgFacts> read_pg_facts(const PgRows& rows);

/// Client sessions by state, ours not counted; states that nobody is in are there with 0.
using PgActivity = std::vector<std::pair<std::string, double>>;
std::optional<PgActivity> read_pg_activity(const PgRows& rows);

/// One run, each part as far as it got.
struct PgFindings {
  Failure connect;     ///< of the fresh connection
  Failure query;       ///< of `SELECT 1` over the kept session
  Failure statistics;  ///< of the rest of the round
  std::optional<PgFacts> facts;
  std::optional<PgActivity> activity;
};

/// Both `connect` and `query` are main checks; `connect` speaks first. Only a full server is no outage while
/// the kept session answers.
ProbeResult pg_report(const PgFindings& findings);

}  // namespace healthd
