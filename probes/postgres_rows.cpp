#include "probes/postgres_rows.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "probes/postgres_pack.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_named = 8;

/// What a column of a one-row answer is.
struct Column {
  std::string_view metric;
  std::string_view label = "";
  std::string_view value = "";
};

Sample labelled(std::string_view metric, double value, std::string_view label, std::string_view of) {
  Sample sample{std::string{metric}, value};
  if (!label.empty()) sample.labels.emplace_back(label, of);
  return sample;
}

/// One row, column by column.
PgSamples one_row(const PgRows& rows, std::span<const Column> columns) {
  if (rows.size() != 1 || rows[0].size() != columns.size()) return std::nullopt;
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& cell = rows[0][i];
    const auto& [metric, label, value] = columns[i];
    const auto number = pg_number(cell);
    if (cell && !number) return std::nullopt;
    if (number) samples.push_back(labelled(metric, *number, label, value));
  }
  return samples;
}

PgSamples one_cell(const PgRows& rows, std::string_view metric) {
  const Column column{metric};
  return one_row(rows, {&column, 1});
}

struct StateName {
  std::string_view server;
  std::string_view label;
};
constexpr std::array state_names{
    StateName{"active", "active"},
    StateName{"idle", "idle"},
    StateName{"idle in transaction", "idle_in_transaction"},
    StateName{"idle in transaction (aborted)", "idle_in_transaction_aborted"},
    StateName{"", "other"},
};

std::size_t state_index(std::string_view state) {
  const auto known = std::ranges::find(state_names, state, &StateName::server);
  return known == state_names.end() ? state_names.size() - 1
                                    : static_cast<std::size_t>(known - state_names.begin());
}

/// A name that somebody else chose, as a label.
std::string shown(std::string name) {
  std::ranges::replace_if(name, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  name.resize(std::min<std::size_t>(name.size(), 63));
  return name;
}

bool is_there(const std::vector<Sample>& samples, const Sample& wanted) {
  return std::ranges::any_of(
      samples, [&](const Sample& one) { return one.name == wanted.name && one.labels == wanted.labels; });
}

/// Names that look alike as labels would be one series twice; the first stands for both.
void add_once(std::vector<Sample>& samples, Sample sample) {
  if (!is_there(samples, sample)) samples.push_back(std::move(sample));
}

}  // namespace

std::optional<double> pg_number(const std::optional<std::string>& cell) {
  if (!cell) return std::nullopt;
  double value = 0;
  const char* end = cell->data() + cell->size();
  const auto [stop, error] = std::from_chars(cell->data(), end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

PgSamples read_pg_activity(const PgRows& rows) {
  constexpr std::string_view ages[] = {"healthd_postgres_oldest_transaction_seconds",
                                       "healthd_postgres_oldest_active_query_seconds",
                                       "healthd_postgres_oldest_idle_in_transaction_seconds"};
  std::array<double, state_names.size()> counts{};
  std::array<double, std::size(ages)> oldest{};
  for (const PgRow& row : rows) {
    if (row.size() != 2 + oldest.size() || !row[0]) return std::nullopt;
    const auto count = pg_number(row[1]);
    if (!count) return std::nullopt;
    counts[state_index(*row[0])] += *count;
    for (std::size_t i = 0; i < oldest.size(); ++i)
      oldest[i] = std::max(oldest[i], pg_number(row[2 + i]).value_or(0));
  }
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < counts.size(); ++i)
    samples.push_back(labelled("healthd_postgres_connections", counts[i], "state", state_names[i].label));
  for (std::size_t i = 0; i < oldest.size(); ++i) samples.push_back({std::string{ages[i]}, oldest[i]});
  return samples;
}

PgSamples read_pg_locks(const PgRows& rows) {
  constexpr Column columns[] = {{"healthd_postgres_lock_waiters"},
                                {"healthd_postgres_oldest_lock_wait_seconds"}};
  return one_row(rows, columns);
}

PgSamples read_pg_database(const PgRows& rows) {
  constexpr Column columns[] = {{"healthd_postgres_transactions_total", "outcome", "commit"},
                                {"healthd_postgres_transactions_total", "outcome", "rollback"},
                                {"healthd_postgres_blocks_read_total"},
                                {"healthd_postgres_blocks_hit_total"},
                                {"healthd_postgres_temp_files_total"},
                                {"healthd_postgres_temp_bytes_total"},
                                {"healthd_postgres_deadlocks_total"},
                                {"healthd_postgres_checksum_failures_total"},
                                {"healthd_postgres_stats_reset_timestamp_seconds"},
                                {"healthd_postgres_sessions_ended_total", "how", "abandoned"},
                                {"healthd_postgres_sessions_ended_total", "how", "fatal"},
                                {"healthd_postgres_sessions_ended_total", "how", "killed"}};
  return one_row(rows, columns);
}

PgSamples read_pg_checkpoints(const PgRows& rows) {
  constexpr Column columns[] = {{"healthd_postgres_checkpoints_total", "cause", "timed"},
                                {"healthd_postgres_checkpoints_total", "cause", "requested"},
                                {"healthd_postgres_checkpoint_write_seconds_total"},
                                {"healthd_postgres_checkpoint_sync_seconds_total"}};
  return one_row(rows, columns);
}

PgSamples read_pg_archiver(const PgRows& rows) {
  constexpr Column columns[] = {{"healthd_postgres_wal_archive_total", "outcome", "success"},
                                {"healthd_postgres_wal_archive_total", "outcome", "failure"},
                                {"healthd_postgres_wal_archive_last_success_timestamp_seconds"}};
  return one_row(rows, columns);
}

PgSamples read_pg_wraparound(const PgRows& rows) {
  constexpr Column columns[] = {{"healthd_postgres_oldest_xid_age"},
                                {"healthd_postgres_oldest_multixact_age"}};
  return one_row(rows, columns);
}

PgSamples read_pg_replication(const PgRows& rows) {
  constexpr std::string_view metric = "healthd_postgres_replication_lag_bytes";
  std::vector<Sample> samples;
  for (const PgRow& row : rows) {
    if (row.size() != 2 || !row[0]) return std::nullopt;
    const auto lag = pg_number(row[1]);
    if (!lag) return std::nullopt;
    const bool named = samples.size() < most_named;
    add_once(samples, labelled(metric, *lag, "replica", named ? shown(*row[0]) : "other"));
    if (!named) break;  // the worst of the rest
  }
  return samples;
}

PgSamples read_pg_slots(const PgRows& rows) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < std::min(rows.size(), most_named); ++i) {
    const PgRow& row = rows[i];
    if (row.size() != 3 || !row[0]) return std::nullopt;
    const auto active = pg_number(row[1]);
    if (!active) return std::nullopt;
    add_once(samples, labelled("healthd_postgres_replication_slot_active", *active, "slot", shown(*row[0])));
    if (const auto bytes = pg_number(row[2]))
      add_once(samples,
               labelled("healthd_postgres_replication_slot_retained_bytes", *bytes, "slot", shown(*row[0])));
  }
  return samples;
}

PgSamples read_pg_replay(const PgRows& rows) {
  return one_cell(rows, "healthd_postgres_replication_lag_seconds");
}
PgSamples read_pg_wal(const PgRows& rows) { return one_cell(rows, "healthd_postgres_wal_bytes_total"); }
PgSamples read_pg_wal_directory(const PgRows& rows) {
  return one_cell(rows, "healthd_postgres_wal_directory_bytes");
}
PgSamples read_pg_settings(const PgRows& rows) {
  return one_cell(rows, "healthd_postgres_autovacuum_freeze_max_age");
}
PgSamples read_pg_prepared(const PgRows& rows) {
  return one_cell(rows, "healthd_postgres_prepared_transactions");
}
PgSamples read_pg_size(const PgRows& rows) { return one_cell(rows, "healthd_postgres_database_size_bytes"); }
PgSamples read_pg_tables(const PgRows& rows) {
  return one_cell(rows, "healthd_postgres_dead_tuple_ratio_max");
}
PgSamples read_pg_sequences(const PgRows& rows) {
  return one_cell(rows, "healthd_postgres_sequence_usage_ratio_max");
}

}  // namespace healthd
