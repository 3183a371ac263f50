#include "probes/postgres_pack.hpp"

#include <algorithm>

#include "probes/postgres_rows.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr int oldest = 12;
constexpr int newest = 999;  // a major that is newer than us most likely still understands

// Of NULL, greatest(..., 0) makes a healthy 0; so a figure that is never negative is made so by CASE.

constexpr PgStatement activity[] = {
    {oldest, newest,
     "SELECT coalesce(state, 'other'), count(*),"
     " max(extract(epoch FROM clock_timestamp() - xact_start)),"
     " max(extract(epoch FROM clock_timestamp() - query_start)) FILTER (WHERE state = 'active'),"
     " max(extract(epoch FROM clock_timestamp() - state_change))"
     " FILTER (WHERE state LIKE 'idle in transaction%')"
     " FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
     " AND (usename, application_name) IS DISTINCT FROM (current_user, current_setting('application_name'))"
     " GROUP BY 1"}};

constexpr PgStatement locks[] = {
    {oldest, 13,
     "SELECT (SELECT count(*) FROM pg_locks WHERE NOT granted),"
     " coalesce(max(extract(epoch FROM clock_timestamp() - query_start)), 0)"
     " FROM pg_stat_activity WHERE wait_event_type = 'Lock'"},
    {14, newest,
     "SELECT count(*), coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0)"
     " FROM pg_locks WHERE NOT granted"}};

constexpr PgStatement database[] = {
    {oldest, 13,
     "SELECT xact_commit, xact_rollback, blks_read, blks_hit, temp_files, temp_bytes, deadlocks,"
     " checksum_failures, extract(epoch FROM stats_reset), NULL, NULL, NULL"
     " FROM pg_stat_database WHERE datname = current_database()"},
    {14, newest,
     "SELECT xact_commit, xact_rollback, blks_read, blks_hit, temp_files, temp_bytes, deadlocks,"
     " checksum_failures, extract(epoch FROM stats_reset), sessions_abandoned, sessions_fatal,"
     " sessions_killed FROM pg_stat_database WHERE datname = current_database()"}};

constexpr PgStatement checkpoints[] = {
    {oldest, 16,
     "SELECT checkpoints_timed, checkpoints_req, checkpoint_write_time / 1000, checkpoint_sync_time / 1000"
     " FROM pg_stat_bgwriter"},
    {17, newest,
     "SELECT num_timed, num_requested, write_time / 1000, sync_time / 1000 FROM pg_stat_checkpointer"}};

constexpr PgStatement archiver[] = {
    {oldest, newest,
     "SELECT archived_count, failed_count, extract(epoch FROM last_archived_time) FROM pg_stat_archiver"}};

constexpr PgStatement settings[] = {{oldest, newest, "SELECT current_setting('autovacuum_freeze_max_age')"}};

constexpr PgStatement wal[] = {
    {oldest, 13,
     "SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
     " ELSE pg_current_wal_lsn() END, '0/0')"},
    {14, newest, "SELECT wal_bytes FROM pg_stat_wal"}};

constexpr PgStatement wal_directory[] = {{oldest, newest, "SELECT sum(size) FROM pg_ls_waldir()"}};

constexpr PgStatement replication[] = {
    {oldest, newest,
     "SELECT coalesce(nullif(application_name, ''), host(client_addr), 'local'),"
     " max(CASE WHEN bytes < 0 THEN 0 ELSE bytes END)"
     " FROM pg_stat_replication CROSS JOIN LATERAL (SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()"
     " THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, replay_lsn) AS bytes) behind"
     " WHERE bytes IS NOT NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 100"}};

constexpr PgStatement slots[] = {
    {oldest, newest,
     "SELECT slot_name, active::int, CASE WHEN bytes < 0 THEN 0 ELSE bytes END"
     " FROM pg_replication_slots CROSS JOIN LATERAL (SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()"
     " THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn) AS bytes) retained"
     " ORDER BY 3 DESC NULLS LAST, 1 LIMIT 100"}};

// A standby that has replayed all it got has caught up only while somebody still sends. One that has replayed
// nothing since its start does not know how late it is.
constexpr PgStatement replay[] = {
    {oldest, newest,
     "SELECT CASE WHEN NOT pg_is_in_recovery() THEN 0"
     " WHEN pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn()"
     " AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0"
     " WHEN seconds < 0 THEN 0 ELSE seconds END FROM (SELECT"
     " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS seconds) behind"}};

constexpr PgStatement wraparound[] = {
    {oldest, newest, "SELECT max(age(datfrozenxid)), max(mxid_age(datminmxid)) FROM pg_database"}};

constexpr PgStatement prepared[] = {{oldest, newest, "SELECT count(*) FROM pg_prepared_xacts"}};

constexpr PgStatement size[] = {{oldest, newest, "SELECT pg_database_size(current_database())"}};

constexpr PgStatement tables[] = {{oldest, newest,
                                   "SELECT coalesce(max(n_dead_tup::float8 / (n_live_tup + n_dead_tup)), 0)"
                                   " FROM pg_stat_user_tables WHERE n_live_tup + n_dead_tup > 10000"}};

// A column of type integer is full long before its sequence is. One sequence that we may not read could be
// the fullest, so then there is no value. Only permanent ones: those of other sessions cannot be read at all.
// Only of schema public, where Superset's are and our grants end.
constexpr PgStatement sequences[] = {
    {oldest, newest,
     "SELECT CASE WHEN coalesce(bool_and(readable), true) THEN coalesce(max(usage), 0) END FROM ("
     "SELECT may.readable, CASE WHEN may.readable THEN pg_sequence_last_value(c.oid)::float8"
     " / least(s.seqmax, CASE a.atttypid WHEN 'int2'::regtype THEN 32767"
     " WHEN 'int4'::regtype THEN 2147483647 ELSE s.seqmax END) END AS usage"
     " FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid"
     " JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'"
     " CROSS JOIN LATERAL (SELECT has_sequence_privilege(c.oid, 'USAGE, SELECT') AS readable) may"
     " LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid"
     " AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')"
     " LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
     " WHERE c.relpersistence = 'p' AND NOT s.seqcycle AND s.seqincrement > 0) AS each_sequence"}};

constexpr PgCollector pack[] = {
    {"activity", 0s, true, activity, read_pg_activity},
    {"locks", 0s, true, locks, read_pg_locks},
    {"database", 0s, false, database, read_pg_database},
    {"checkpoints", 0s, false, checkpoints, read_pg_checkpoints},
    {"archiver", 0s, false, archiver, read_pg_archiver},
    {"replication", 30s, true, replication, read_pg_replication},
    {"slots", 30s, false, slots, read_pg_slots},
    {"replay", 30s, false, replay, read_pg_replay},
    {"wal", 30s, false, wal, read_pg_wal},
    {"wal_directory", 30s, true, wal_directory, read_pg_wal_directory},
    {"settings", 300s, false, settings, read_pg_settings},
    {"wraparound", 300s, false, wraparound, read_pg_wraparound},
    {"prepared", 300s, false, prepared, read_pg_prepared},
    {"size", 300s, false, size, read_pg_size},
    {"tables", 300s, false, tables, read_pg_tables},
    {"sequences", 3600s, false, sequences, read_pg_sequences, "SELECT on each sequence of schema public"},
};

}  // namespace

std::span<const PgCollector> pg_pack() { return pack; }

std::string_view pg_statement(const PgCollector& collector, int major) {
  const auto fits = [&](const PgStatement& statement) {
    return statement.first_major <= major && major <= statement.last_major;
  };
  const auto found = std::ranges::find_if(collector.statements, fits);
  return found == collector.statements.end() ? std::string_view{} : found->sql;
}

}  // namespace healthd
