"""The metadata database: may one connect, who holds whom up, and what runs out."""

from __future__ import annotations

from board import GOOD_OR_BAD, NO_OR_YES, Board, Row, lines, number, table, timeline
from common import CHECKS, checks, failures, phases, took

NAMED = "{{stack}} {{probe}}"


def gauge(metric: str, legend: str = "") -> tuple[str, str]:
    return f"max by (stack, probe) (healthd_postgres_{metric}{{*}})", f"{NAMED} {legend}".strip()


def rate(metric: str, legend: str = "") -> tuple[str, str]:
    return f"max by (stack, probe) (rate(healthd_postgres_{metric}{{*}}[$__rate_interval]))", f"{NAMED} {legend}".strip()


def split(metric: str, label: str) -> tuple[str, str]:
    rates = f"rate(healthd_postgres_{metric}{{*}}[$__rate_interval])"
    return f"max by (stack, probe, {label}) ({rates})", f"{NAMED} {{{{{label}}}}}"


SERVER = Row("The server", (
    checks("postgres", "the database: a query on the kept session, and a new connection"),
    number("Answers queries", "none", "On a session of ours. A server that is full still answers an old session.",
           ("min by (stack, probe) (healthd_postgres_up{*})", NAMED), mapping=GOOD_OR_BAD, height=7),
    number("We may see activity", "none", "Whether the monitor's role is in pg_monitor. Without it the figures on other sessions are withheld.",
           ("min by (stack, probe) (healthd_postgres_monitor_privileges_ok{*})", NAMED), mapping=GOOD_OR_BAD, height=7),
    table("Version", "Of the server.", "max by (stack, probe, version) (healthd_postgres_info{*})", width=8, height=5),
    number("Running for", "s", "Since the server's start.", (f"time() - {gauge('start_time_seconds')[0]}", NAMED), width=8),
    number("In recovery", "none", "Yes on a standby. Superset needs a primary.", gauge("in_recovery"),
           mapping=NO_OR_YES, width=8),
    took("postgres"), phases("postgres"), failures("postgres"),
))  # fmt: skip

SESSIONS = Row("Sessions and locks", (
    lines("Connections by state", "none", "Sessions of clients, ours left out.",
          ("max by (stack, probe, state) (healthd_postgres_connections{*})", NAMED + " {{state}}"), stacked=True),
    lines("Share of usable connections", "percentunit", "Sessions in use by those that ordinary roles may have. At 1 users get errors.",
          ("max by (stack, probe) (sum by (instance, stack, probe) (healthd_postgres_connections{*})) "
           "/ (max by (stack, probe) (healthd_postgres_connections_max{*}) - max by (stack, probe) (healthd_postgres_connections_reserved{*}))",
           NAMED), highest=1),
    lines("Sessions that ended badly", "cps", "Abandoned by the client, ended by an error, or killed.", split("sessions_ended_total", "how")),
    lines("Oldest", "s", "The oldest transaction, the longest idle one, the longest query. They hold locks and keep vacuum from its work.",
          gauge("oldest_transaction_seconds", "transaction"), gauge("oldest_idle_in_transaction_seconds", "idle in transaction"),
          gauge("oldest_active_query_seconds", "query")),
    lines("Lock waiters", "none", "Lock requests that are not granted.", gauge("lock_waiters")),
    lines("Oldest lock wait", "s", "How long the oldest request has waited.", gauge("oldest_lock_wait_seconds")),
    lines("Deadlocks", "short", "That the server resolved, by ending one of the transactions.",
          ("max by (stack, probe) (increase(healthd_postgres_deadlocks_total{*}[$__rate_interval]))", NAMED), width=12),
    lines("Prepared transactions", "none", "Neither committed nor rolled back; a forgotten one holds its locks for ever.",
          gauge("prepared_transactions"), width=12),
))  # fmt: skip

WORK = Row("Work", (
    lines("Transactions", "ops", "Of Superset's database, by outcome.", split("transactions_total", "outcome"), stacked=True),
    lines("Hit ratio", "percentunit", "Blocks found in shared buffers by all blocks asked for.",
          (f"{rate('blocks_hit_total')[0]} / ({rate('blocks_hit_total')[0]} + {rate('blocks_read_total')[0]} > 0)", NAMED), highest=1),
    lines("Temporary files", "Bps", "What queries wrote to disk because work_mem was too small.", rate("temp_bytes_total", "bytes")),
    lines("Temporary files made", "ops", "How many.", rate("temp_files_total")),
    lines("Write-ahead log", "Bps", "How fast it grows: the measure of all writes.", rate("wal_bytes_total")),
    lines("Checkpoints", "ops", "Many requested ones: max_wal_size is too small.", split("checkpoints_total", "cause")),
    lines("Time in checkpoints", "percentunit", "Share of the time spent writing, and waiting for the disk.",
          rate("checkpoint_write_seconds_total", "writing"), rate("checkpoint_sync_seconds_total", "waiting")),
    lines("Archiving", "ops", "Segments of the write-ahead log that were archived, and failures.", split("wal_archive_total", "outcome")),
    number("Last archived", "s", "How long ago; absent where nothing is archived.",
           (f"time() - {gauge('wal_archive_last_success_timestamp_seconds')[0]}", NAMED), width=8, height=7),
))  # fmt: skip

SPACE = Row("What runs out", (
    lines("Size", "bytes", "Of the database, and of the write-ahead log on disk.",
          gauge("database_size_bytes", "database"), gauge("wal_directory_bytes", "log")),
    lines("Transaction ids", "none", "Transactions since the oldest row that is not frozen, and the age at which a vacuum is forced. "
          "At two thousand million the server stops.", gauge("oldest_xid_age", "age"), gauge("oldest_multixact_age", "multixact age"),
          gauge("autovacuum_freeze_max_age", "forced vacuum")),
    lines("Shares", "percentunit", "The most used sequence on the way to its limit; dead rows in the worst large table.",
          gauge("sequence_usage_ratio_max", "sequence"), gauge("dead_tuple_ratio_max", "dead rows"), highest=1),
    lines("Bad checksums", "short", "Pages with a wrong checksum: the disk or memory lies. Absent where checksums are off.",
          ("max by (stack, probe) (increase(healthd_postgres_checksum_failures_total{*}[$__rate_interval]))", NAMED)),
    lines("Kept for replication slots", "bytes", "Write-ahead log that a slot keeps on disk; a forgotten slot fills it.",
          ("max by (stack, probe, slot) (healthd_postgres_replication_slot_retained_bytes{*})", NAMED + " {{slot}}")),
    lines("Replicas behind", "bytes", "Write-ahead log that each replica has not replayed yet.",
          ("max by (stack, probe, replica) (healthd_postgres_replication_lag_bytes{*})", NAMED + " {{replica}}")),
))  # fmt: skip

COLLECTORS = Row("How we know", (
    timeline("Collectors", "Each group of statistics; one that failed leaves its panels above empty.",
             ("min by (stack, probe, collector) (healthd_collector_success{*})", NAMED + " {{collector}}"), CHECKS, width=16),
    lines("Replication lag", "s", "How far a standby is behind; 0 on a primary.", gauge("replication_lag_seconds")),
))  # fmt: skip

BOARD = Board(
    "superset-postgres", "Superset Stack / PostgreSQL",
    "Can one connect, who holds whom up, and what runs out: connections, space, transaction ids?",
    (SERVER, SESSIONS, WORK, SPACE, COLLECTORS),
)  # fmt: skip
