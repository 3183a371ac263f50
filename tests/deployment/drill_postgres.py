"""Drills of the pages about PostgreSQL."""

from __future__ import annotations

from drill_case import Case, void
from engine_watch import Watch

UP = r"postgres .*\bUp\b.*\(healthy\)"
# Opens connections as Superset does, and keeps them. argv: how many, and a statement for each.
HOLD = "import sys, time; from superset.database import connect; held = [connect() for _ in range(int(sys.argv[1]))]; " \
       "[c.cursor().execute(sys.argv[2]) for c in held]; time.sleep(900)"

GRAB = """
import time
from superset.database import connect
held = []
try:
    while True:
        held.append(connect())
except Exception:
    time.sleep(900)
"""


def hold(watch: Watch, service: str, count: int, statement: str = "select 1") -> None:
    """In a container of Superset; psycopg2 begins a transaction with the first statement, and nobody ends it."""
    watch.deployment.compose("exec", "--detach", service, "python", "-c", HOLD, str(count), statement)


def stop(watch: Watch) -> None:
    watch.deployment.compose("stop", "postgres")


def pause(watch: Watch) -> None:
    watch.deployment.compose("pause", "postgres")


def lock(watch: Watch) -> None:
    hold(watch, "superset", 1, "lock table dashboards in access exclusive mode")
    hold(watch, "worker", 1, "select pg_sleep(1); update dashboards set published = true")


def end_the_waiting(watch: Watch) -> None:
    """Whoever waited for the lock has it now, and idles in a transaction that nobody ends."""
    watch.deployment.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%update dashboards%' "
                         "and pid <> pg_backend_pid()")  # fmt: skip


def many(watch: Watch) -> None:
    hold(watch, "superset", 130)


def too_many(watch: Watch) -> None:
    """From the worker, until there are no more: Superset's role is a superuser, so it gets the reserved ones as well."""
    watch.deployment.compose("exec", "--detach", "worker", "python", "-c", GRAB)


def near_the_end(watch: Watch) -> None:
    watch.deployment.sql("select setval('logs_id_seq', 2000000000)")


def share_of_connections(said: str) -> float:
    rows = [line.split("|") for line in said.splitlines() if line.count("|") == 1 and line.replace("|", "").replace(" ", "").isdigit()]
    return int(rows[0][0]) / int(rows[0][1]) if rows else -1


def archiver_failed(said: str) -> bool:
    """The last failure is newer than the last success."""
    cells = [cell.strip() for line in said.splitlines() if line.count("|") == 5 for cell in line.split("|")][6:]
    return len(cells) == 6 and cells[5] > cells[2]


def fail_to_archive(watch: Watch) -> None:
    sql = watch.deployment.sql
    sql("alter system set archive_mode = on")
    sql("alter system set archive_command = '/bin/false'")
    watch.deployment.compose("restart", "postgres")
    watch.wait_healthy()
    sql("create table drill_wal as select 1; drop table drill_wal")
    sql("select pg_switch_wal()")


def archive_no_more(watch: Watch) -> None:
    for name in ("archive_mode", "archive_command"):
        watch.deployment.sql(f"alter system reset {name}")
    watch.deployment.compose("restart", "postgres")


def add_slot(watch: Watch) -> None:
    watch.deployment.sql("select pg_create_physical_replication_slot('drill', true)")


def drop_slot(watch: Watch) -> None:
    watch.deployment.sql("select pg_drop_replication_slot('drill')")


def drop_limit(watch: Watch) -> None:
    watch.deployment.sql("alter system reset max_slot_wal_keep_size")


CASES = (
    Case("PostgresDown", "stopped", stop, steps=(4,),
         broken=(r"postgres .*Exited", r'service "postgres" is not running'), healthy=(UP, "accepting connections", r"^\(1 row\)")),
    Case("PostgresDown", "paused", pause, steps=(2,), default=True,
         broken=(r"postgres .*\(Paused\)",), healthy=(UP, "accepting connections", r"^\(1 row\)")),
    Case("PostgresLockWait", "forgotten", lock, steps=(3,), default=True, afterwards=end_the_waiting,
         broken=(r"\|\s*\{\d+\}\s*\|\s*Lock\s*\|.*update dashboards",), healthy=(r"^\(0 rows\)",)),
    Case("PostgresIdleInTransaction", "of-superset", lambda watch: hold(watch, "superset", 1), steps=(3,),
         broken=(r"superset-web .*idle in transaction",), healthy=(r"^\(0 rows\)",)),
    Case("PostgresConnectionsHigh", "of-superset", many, steps=(4,),
         broken=(lambda said: share_of_connections(said) > 0.8,), healthy=(lambda said: 0 < share_of_connections(said) < 0.8,)),
    Case("PostgresConnectionsExhausted", "by-the-worker", too_many, steps=(3,), seconds=90,
         broken=(r"too many clients",), healthy=(lambda said: 0 < share_of_connections(said) < 0.5,)),
    Case("PostgresSequenceNearLimit", "emptied", near_the_end, steps=(3,),
         broken=(r"logs_id_seq .* 93\.1",), healthy=(r"\(\d+ rows?\)", lambda said: "93.1" not in said)),
    Case("PostgresSequenceNearLimit", "widened", near_the_end, steps=(2,), seconds=90,
         broken=(r"logs_id_seq .* 93\.1",), healthy=(r"\(\d+ rows?\)", lambda said: "93.1" not in said),
         afterwards=lambda watch: void(watch.deployment.sql("truncate logs restart identity"))),
    Case("PostgresWalArchiveFailing", "command", fail_to_archive, steps=(3,), afterwards=archive_no_more, seconds=90,
         broken=(archiver_failed,), healthy=("archived_count", lambda said: not archiver_failed(said))),
    Case("PostgresReplicationSlotRetainsWal", "unused", add_slot, steps=(3,), by_hand=drop_slot,
         broken=(r"drill\s*\| physical\s*\| f ",), healthy=(r"^\(0 rows\)",), afterwards=drop_limit),
)  # fmt: skip
