"""The metadata database: may one connect, who holds whom up, and what runs out."""

from __future__ import annotations

from board import GOOD_OR_BAD, NO_OR_YES, Board, Row, lines, number, table, timeline
from common import CHECKS, checks, failures, phases, took
from queries import age, brackets, gauge, growth, in_all, lowest, minus, part_of_both, rate, share

USABLE = minus(gauge("healthd_postgres_connections_max"), gauge("healthd_postgres_connections_reserved"))

SERVER = Row("The server", (
    checks("postgres", "the database: a query on the kept session, and a new connection"),
    number("Answers queries", "none", "On a session of ours. A server that is full still answers an old session.",
           lowest("healthd_postgres_up"), mapping=GOOD_OR_BAD, height=7),
    number("We may see activity", "none",
           "Whether the monitor's role is in pg_monitor. Without it the figures on other sessions are withheld.",
           lowest("healthd_postgres_monitor_privileges_ok"), mapping=GOOD_OR_BAD, height=7),
    table("Version", "Of the server.", gauge("healthd_postgres_info", by="stack, probe, version"), width=8, height=5),
    number("Running for", "s", "Since the server's start.", age("healthd_postgres_start_time_seconds"), width=8),
    number("In recovery", "none", "Yes on a standby. Superset needs a primary.", gauge("healthd_postgres_in_recovery"),
           mapping=NO_OR_YES, width=8),
    took("postgres"),
    phases("postgres"),
    failures("postgres"),
))  # fmt: skip

SESSIONS = Row("Sessions and locks", (
    lines("Connections by state", "none", "Sessions of clients, ours left out.",
          gauge("healthd_postgres_connections", by="stack, probe, state"), stacked=True),
    lines("Share of usable connections", "percentunit",
          "Sessions in use by those that ordinary roles may have. At 1 users get errors.",
          share(in_all("healthd_postgres_connections"), brackets(USABLE)),
          highest=1),
    lines("Sessions that ended badly", "cps", "Abandoned by the client, ended by an error, or killed.",
          rate("healthd_postgres_sessions_ended_total", by="stack, probe, how")),
    lines("Oldest", "s",
          "The oldest transaction, the longest idle one, the longest query. They hold locks and keep vacuum from its "
          "work.", gauge("healthd_postgres_oldest_transaction_seconds", "transaction"),
          gauge("healthd_postgres_oldest_idle_in_transaction_seconds", "idle in transaction"),
          gauge("healthd_postgres_oldest_active_query_seconds", "query")),
    lines("Lock waiters", "none", "Lock requests that are not granted.", gauge("healthd_postgres_lock_waiters")),
    lines("Oldest lock wait", "s", "How long the oldest request has waited.",
          gauge("healthd_postgres_oldest_lock_wait_seconds")),
    lines("Deadlocks", "short", "That the server resolved, by ending one of the transactions.",
          growth("healthd_postgres_deadlocks_total", how="max"), width=12),
    lines("Prepared transactions", "none",
          "Neither committed nor rolled back; a forgotten one holds its locks for ever.",
          gauge("healthd_postgres_prepared_transactions"), width=12),
))  # fmt: skip

WORK = Row("Work", (
    lines("Transactions", "ops", "Of Superset's database, by outcome.",
          rate("healthd_postgres_transactions_total", by="stack, probe, outcome"), stacked=True),
    lines("Hit ratio", "percentunit", "Blocks found in shared buffers by all blocks asked for.",
          part_of_both(rate("healthd_postgres_blocks_hit_total"), rate("healthd_postgres_blocks_read_total")),
          highest=1),
    lines("Temporary files", "Bps", "What queries wrote to disk because work_mem was too small.",
          rate("healthd_postgres_temp_bytes_total", "bytes")),
    lines("Temporary files made", "ops", "How many.", rate("healthd_postgres_temp_files_total")),
    lines("Write-ahead log", "Bps", "How fast it grows: the measure of all writes.",
          rate("healthd_postgres_wal_bytes_total")),
    lines("Checkpoints", "ops", "Many requested ones: max_wal_size is too small.",
          rate("healthd_postgres_checkpoints_total", by="stack, probe, cause")),
    lines("Time in checkpoints", "percentunit", "Share of the time spent writing, and waiting for the disk.",
          rate("healthd_postgres_checkpoint_write_seconds_total", "writing"),
          rate("healthd_postgres_checkpoint_sync_seconds_total", "waiting")),
    lines("Archiving", "ops", "Segments of the write-ahead log that were archived, and failures.",
          rate("healthd_postgres_wal_archive_total", by="stack, probe, outcome")),
    number("Last archived", "s", "How long ago; absent where nothing is archived.",
           age("healthd_postgres_wal_archive_last_success_timestamp_seconds"), width=8, height=7),
))  # fmt: skip

SPACE = Row("What runs out", (
    lines("Size", "bytes", "Of the database, and of the write-ahead log on disk.",
          gauge("healthd_postgres_database_size_bytes", "database"),
          gauge("healthd_postgres_wal_directory_bytes", "log"), width=6),
    lines("Transaction ids", "none",
          "Transactions since the oldest row that is not frozen, and the age at which a vacuum is forced. At two "
          "thousand million the server stops.", gauge("healthd_postgres_oldest_xid_age", "age"),
          gauge("healthd_postgres_oldest_multixact_age", "multixact age"),
          gauge("healthd_postgres_autovacuum_freeze_max_age", "forced vacuum"), width=6),
    lines("Shares", "percentunit",
          "The most used sequence on the way to its limit; dead rows in the worst large table.",
          gauge("healthd_postgres_sequence_usage_ratio_max", "sequence"),
          gauge("healthd_postgres_dead_tuple_ratio_max", "dead rows"), width=6, highest=1),
    lines("Bad checksums", "short",
          "Pages with a wrong checksum: the disk or memory lies. Absent where checksums are off.",
          growth("healthd_postgres_checksum_failures_total", how="max"), width=6),
))  # fmt: skip

REPLICATION = Row("Replication", (
    lines("Kept for slots", "bytes", "Write-ahead log that a slot keeps on disk; a forgotten slot fills it.",
          gauge("healthd_postgres_replication_slot_retained_bytes", by="stack, probe, slot"), width=6),
    timeline("Slots in use", "Whether somebody reads from each slot.",
             lowest("healthd_postgres_replication_slot_active", by="stack, probe, slot"), GOOD_OR_BAD, width=6),
    lines("Replicas behind", "bytes", "Write-ahead log that each replica has not replayed yet.",
          gauge("healthd_postgres_replication_lag_bytes", by="stack, probe, replica"), width=6),
    lines("Replication lag", "s", "How far a standby is behind; 0 on a primary.",
          gauge("healthd_postgres_replication_lag_seconds"), width=6),
))  # fmt: skip

COLLECTORS = Row("How we know", (
    timeline("Collectors", "Each group of statistics; one that failed leaves its panels above empty.",
             lowest("healthd_collector_success", by="stack, probe, collector"), CHECKS, width=24, height=9),
))  # fmt: skip

BOARD = Board(
    "superset-postgres", "Superset Stack / PostgreSQL",
    "Can one connect, who holds whom up, and what runs out: connections, space, transaction ids?",
    (SERVER, SESSIONS, WORK, SPACE, REPLICATION, COLLECTORS),
)  # fmt: skip
