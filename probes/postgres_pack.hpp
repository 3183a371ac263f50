// The statistics that we read from PostgreSQL 12 and later, as a table: what is asked, how often, and what
// the answer means. Pure: no connection, no clock.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "probes/net/postgres.hpp"
#include "probes/result.hpp"

namespace healthd {

/// A statement for a range of major versions. It stands alone, outside of any transaction.
struct PgStatement {
  int first_major;
  int last_major;
  std::string_view sql;
};

/// One group of statistics.
struct PgCollector {
  std::string_view name;
  std::chrono::seconds every;  ///< 0: in each run
  bool needs_monitor;          ///< without pg_monitor it would be refused, or would read healthy
  std::span<const PgStatement> statements;
  /// nullopt: the answer reads like nothing known. What is NULL has no sample.
  std::optional<std::vector<Sample>> (*read)(const PgRows& rows);
  /// What the role lacks where nothing but NULL came back.
  std::string_view right = "";
};

/// In the order of reading: what says most comes first.
std::span<const PgCollector> pg_pack();

/// The statement for a server of that version; empty where there is none.
std::string_view pg_statement(const PgCollector& collector, int major);

/// A number as the server writes it; nullopt for NULL, and for anything that is not finite.
std::optional<double> pg_number(const std::optional<std::string>& cell);

}  // namespace healthd
