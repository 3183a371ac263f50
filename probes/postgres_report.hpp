// What a PostgreSQL server told us, as samples, evidence and a verdict. Pure: no connection, no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/net/postgres.hpp"
#include "probes/result.hpp"

namespace healthd {

/// What is asked first in each round, and what is asked where the server refuses that.
extern const std::string_view pg_facts_sql;
extern const std::string_view pg_alive_sql;

/// What an operator says a server is.
enum class PgRole : std::uint8_t { primary, standby, any };

struct PgFacts {
  int version_number = 0;  ///< 150020 for 15.20
  bool in_recovery = false;
  double started_at = 0;  ///< seconds since 1970
  bool may_monitor = false;
  double connections_max = 0;
  double connections_reserved = 0;
  /// `default_transaction_read_only` as new sessions of others get it: from the server, and from the database
  /// or all roles, where one of these says so.
  bool server_read_only = false;
  std::optional<bool> database_read_only = {};
  /// Our role has a setting of its own; then the server's cannot be seen.
  bool own_read_only = false;
};
std::optional<PgFacts> read_pg_facts(const PgRows& rows);

/// One run, each part as far as it got.
struct PgFindings {
  Failure connect;                                                      ///< of the fresh connection
  std::optional<std::chrono::steady_clock::duration> connect_age = {};  ///< where it is from an earlier run
  Failure query;                                                        ///< of the kept session
  Failure statistics;                                                   ///< of the rest of the round
  std::optional<PgFacts> facts = {};
  bool role_changed = false;      ///< since the last run
  bool settings_are_old = false;  ///< the session began under other settings than new ones do
  std::vector<Sample> samples = {};
  std::vector<std::pair<std::string, std::string>> evidence = {};
};

/// Both `connect` and `query` are main checks; `connect` speaks first, and only of a connection of this run.
/// Only a full server is no outage while the kept session answers. Side checks: `privileges`, `role`,
/// `write`, `statistics`.
ProbeResult pg_report(const PgFindings& findings, PgRole expected = PgRole::primary);

}  // namespace healthd
