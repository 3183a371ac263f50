// Readers for the answers to the statistics of postgres_pack.hpp; nullopt where one reads like nothing known.
#pragma once

#include <optional>
#include <vector>

#include "probes/net/postgres.hpp"
#include "probes/result.hpp"

namespace healthd {

using PgSamples = std::optional<std::vector<Sample>>;

/// Client sessions by state, ours not counted; states that nobody is in are there with 0.
PgSamples read_pg_activity(const PgRows& rows);
PgSamples read_pg_locks(const PgRows& rows);
PgSamples read_pg_database(const PgRows& rows);
PgSamples read_pg_checkpoints(const PgRows& rows);
PgSamples read_pg_archiver(const PgRows& rows);
/// At most eight replicas by name, the others together as `other` by their worst; the rows come sorted.
PgSamples read_pg_replication(const PgRows& rows);
/// At most eight slots, those that retain most; the rows come sorted.
PgSamples read_pg_slots(const PgRows& rows);
PgSamples read_pg_replay(const PgRows& rows);
PgSamples read_pg_wal(const PgRows& rows);
PgSamples read_pg_wal_directory(const PgRows& rows);
PgSamples read_pg_settings(const PgRows& rows);
PgSamples read_pg_wraparound(const PgRows& rows);
PgSamples read_pg_prepared(const PgRows& rows);
PgSamples read_pg_size(const PgRows& rows);
PgSamples read_pg_tables(const PgRows& rows);
PgSamples read_pg_sequences(const PgRows& rows);

}  // namespace healthd
