"""Faults of PostgreSQL (P1 to P12 in the list of faults), in real servers."""

from __future__ import annotations

import base64
import os
import signal
import threading
from contextlib import closing
from typing import Any, Iterator

import psycopg2
import psycopg2.extensions
import pytest

from row import Bench, Watch
from servers import Postgres, Running
from stack import processes
from stack.waiting import wait_until

Connection = psycopg2.extensions.connection


def connect(bench: Bench, port: int, user: str = "postgres", database: str = "superset") -> Connection:
    connection = psycopg2.connect(
        host="127.0.0.1", port=port, dbname=database, user=user, password=bench.secret, connect_timeout=5
    )
    connection.autocommit = True
    return connection


def ask(bench: Bench, port: int, *statements: str) -> Any:
    """As the superuser; the last statement's first value."""
    with closing(connect(bench, port)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def evidence(watch: Watch, key: str) -> str:
    """Of the last run; empty where it has none."""
    return str(watch.runs()[-1].json.get("evidence", {}).get(key, ""))


@pytest.fixture
def own(bench: Bench) -> Running[Postgres]:
    """A server that the row may harm."""
    return bench.start(Postgres)


# --- P1 to P3: down and frozen ------------------------------------------------------------------------------------------


def test_p1_the_server_is_killed(bench: Bench, own: Running[Postgres]) -> None:
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.healthy()
        own.kill()
        watch.expect("down", "connect_refused")
        assert watch.metrics().value("healthd_postgres_up", probe="target") == 0
        assert watch.metrics().value("healthd_postgres_connections_max", probe="target") is None
        own.start()
        watch.recovers()


def test_p2_the_postmaster_is_frozen(bench: Bench, own: Running[Postgres]) -> None:
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.healthy()
        own.freeze_root()
        watch.expect("down", "timeout")
        watch.expect("up", check="query")
        watch.expect("down", "timeout", check="connect")
        own.thaw()
        watch.recovers()


def test_p3_a_backend_is_frozen_in_mid_query(bench: Bench, own: Running[Postgres]) -> None:
    ask(bench, own.port, "ALTER ROLE healthd CONNECTION LIMIT 2")
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.healthy()
        find = "SELECT pid FROM pg_stat_activity WHERE usename = 'healthd' ORDER BY backend_start LIMIT 1"
        backend = ask(bench, own.port, find)
        os.kill(backend, signal.SIGSTOP)
        watch.expect("down", "timeout", phase="request", runs=6)
        watch.expect("up", check="connect")  # with a limit of two, more than one session would be refused
        os.kill(backend, signal.SIGCONT)
        watch.recovers()


# --- P4 and P5: full ----------------------------------------------------------------------------------------------------


@pytest.fixture
def crowd(bench: Bench, own: Running[Postgres]) -> Iterator[list[Connection]]:
    """To be filled with whoever takes up the server's slots."""
    sessions: list[Connection] = []
    yield sessions
    for session in sessions:
        session.close()


def fill(bench: Bench, port: int, crowd: list[Connection]) -> None:
    try:
        for _ in range(60):
            crowd.append(connect(bench, port, user="superset"))
    except psycopg2.OperationalError:
        return
    raise AssertionError("the server never gets full")


def test_p4_the_server_is_full(bench: Bench, own: Running[Postgres], crowd: list[Connection]) -> None:
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.healthy()
        fill(bench, own.port, crowd)

        def full() -> bool:
            try:
                crowd.append(connect(bench, own.port, user="superset"))  # a slot of the probe's, between two runs
            except psycopg2.OperationalError:
                pass
            last = watch.runs()[-1]
            return (last.status, last.reason) == ("degraded", "too_many_connections")

        wait_until(full, 10, "the fresh connection has no slot")
        watch.expect("degraded", "too_many_connections")
        watch.expect("up", check="query")
        assert watch.metrics().value("healthd_postgres_up", probe="target") == 1
        assert "idle" in evidence(watch, "connections")
        for session in crowd:
            session.close()
        watch.recovers()


def test_p4_the_server_was_full_before_we_came(bench: Bench, own: Running[Postgres], crowd: list[Connection]) -> None:
    fill(bench, own.port, crowd)
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.begun()
        watch.expect("down", "too_many_connections")
        for session in crowd:
            session.close()
        watch.recovers()


def test_p5_our_role_has_reached_its_own_limit(bench: Bench, own: Running[Postgres]) -> None:
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.healthy()
        ask(bench, own.port, "ALTER ROLE healthd CONNECTION LIMIT 1")
        run = watch.expect("degraded", "too_many_connections")[-1]
        assert run.detail.startswith("the monitor's role has as many connections")
        ask(bench, own.port, "ALTER ROLE healthd CONNECTION LIMIT 2")
        watch.recovers()


# --- P6 to P8: not let in -----------------------------------------------------------------------------------------------


def test_p6_the_password_is_wrong(bench: Bench, own: Running[Postgres]) -> None:
    ask(bench, own.port, "ALTER ROLE healthd PASSWORD 'another'")
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.begun()
        watch.expect("unknown", "auth", runs=1)
        assert watch.metrics().value("healthd_postgres_up", probe="target") is None


def test_p6_there_is_no_such_role(bench: Bench) -> None:
    probe = bench.postgres_probe(bench.postgres) | {
        "dsn": f"host=127.0.0.1 port={bench.postgres} dbname=superset user=nobody_at_all"
    }
    with bench.watch(probe) as watch:
        watch.begun()
        watch.expect("unknown", "auth", runs=1)


def test_p6_the_password_is_changed_while_we_are_connected(bench: Bench, own: Running[Postgres]) -> None:
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.healthy()
        ask(bench, own.port, "ALTER ROLE healthd PASSWORD 'another'")
        watch.expect("unknown", "auth", runs=1)
        watch.expect("up", check="query", runs=1)
        ask(bench, own.port, f"ALTER ROLE healthd PASSWORD '{bench.secret}'")
        watch.recovers()


def test_p7_there_is_no_such_database(bench: Bench) -> None:
    probe = bench.postgres_probe(bench.postgres) | {
        "dsn": f"host=127.0.0.1 port={bench.postgres} dbname=nowhere user=healthd"
    }
    with bench.watch(probe) as watch:
        watch.begun()
        run = watch.expect("down", "wrong_database")[-1]
        assert "does not exist" in run.detail


def test_p8_a_standby_that_lets_nobody_in_yet(bench: Bench, own: Running[Postgres]) -> None:
    own.kill()
    signal_file = own.server.data / "standby.signal"
    signal_file.touch()
    with (own.server.data / "postgresql.conf").open("a") as settings:
        settings.write("hot_standby = off\n")
    own.process = own.server.start()
    try:
        with bench.watch(bench.postgres_probe(own.port)) as watch:
            watch.begun()
            watch.expect("down", "starting")
            own.kill()
            signal_file.unlink()
            own.start()
            watch.recovers()
    finally:
        own.stop()


def test_p8_the_server_shuts_down_for_as_long_as_its_sessions_last(bench: Bench, own: Running[Postgres]) -> None:
    with closing(connect(bench, own.port, user="superset")) as session:
        with bench.watch(bench.postgres_probe(own.port)) as watch:
            watch.healthy()
            processes.send(own.process, signal.SIGTERM)
            watch.expect("down", "starting", check="connect")
            session.close()


def test_p8_a_backend_is_killed_and_the_server_recovers(bench: Bench, own: Running[Postgres]) -> None:
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.healthy()
        seen = len(watch.runs())
        with closing(connect(bench, own.port, user="superset")) as session:
            os.kill(session.get_backend_pid(), signal.SIGKILL)
            watch.await_runs(3)
        watch.recovers()
        said = {run.reason for run in watch.runs()[seen:]}
        assert said <= {"none", "starting", "reset", "connect_refused", "timeout"}


# --- P9 and P10: roles and writing --------------------------------------------------------------------------------------


def test_p9_a_standby_is_promoted_inside_our_session(bench: Bench, own: Running[Postgres]) -> None:
    own.kill()
    (own.server.data / "standby.signal").touch()
    own.start()
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.begun()
        watch.expect("degraded", "read_only")
        seen = len(watch.runs())
        ask(bench, own.port, "SELECT pg_promote()")
        watch.recovers()
        changed = [run for run in watch.runs()[seen:] if run.reason == "role_changed"]
        assert len(changed) == 1, "one run says so"
        assert changed[0].json["evidence"]["role"] == "standby -> primary"


def test_p9_a_standby_is_well_where_one_is_expected(bench: Bench, own: Running[Postgres]) -> None:
    own.kill()
    (own.server.data / "standby.signal").touch()
    own.start()
    with bench.watch(bench.postgres_probe(own.port, expected_role="standby")) as watch:
        watch.healthy()
        watch.stays("up")


def test_p10_the_server_is_set_read_only(bench: Bench, own: Running[Postgres]) -> None:
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.healthy()
        ask(bench, own.port, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        watch.expect("degraded", "read_only")
        watch.expect("down", "read_only", check="write")
        assert watch.metrics().value("healthd_postgres_up", probe="target") == 1
        writable = "SET default_transaction_read_only = off"
        ask(bench, own.port, writable, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
        watch.recovers()


def test_p10_the_database_is_set_read_only(bench: Bench, own: Running[Postgres]) -> None:
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.healthy()
        ask(bench, own.port, "ALTER DATABASE superset SET default_transaction_read_only = on")
        watch.expect("down", "read_only", check="write")
        writable = "SET default_transaction_read_only = off"
        ask(bench, own.port, writable, "ALTER DATABASE superset RESET default_transaction_read_only")
        watch.recovers()


# --- P11 and P12: locks, killed sessions --------------------------------------------------------------------------------


def test_p11_one_waits_for_a_lock_of_another(bench: Bench, own: Running[Postgres]) -> None:
    with closing(connect(bench, own.port)) as holder, closing(connect(bench, own.port)) as waiter:
        with bench.watch(bench.postgres_probe(own.port)) as watch:
            watch.healthy()
            holder.cursor().execute("BEGIN; LOCK TABLE ab_user")
            waiting = threading.Thread(target=lambda: waiter.cursor().execute("SELECT count(*) FROM ab_user"))
            waiting.start()
            try:
                wait_until(lambda: evidence(watch, "blocked"), 10, "the evidence names who waits for whom")
                said = evidence(watch, "blocked")
                assert f"pid {waiter.get_backend_pid()} waits" in said
                assert f"for pid {holder.get_backend_pid()} (idle in transaction" in said
                assert "ab_user" not in said, "no text of a query"
                assert watch.metrics().value("healthd_postgres_lock_waiters", probe="target") == 1
                watch.stays("up")
            finally:
                holder.cursor().execute("ROLLBACK")
                waiting.join(10)
            wait_until(lambda: not evidence(watch, "blocked"), 10, "the evidence is gone")


def test_p11_a_catalogue_that_is_locked_fails_one_collector_in_time(bench: Bench, own: Running[Postgres]) -> None:
    with closing(connect(bench, own.port)) as holder:
        with bench.watch(bench.postgres_probe(own.port)) as watch:
            watch.healthy()
            holder.cursor().execute("BEGIN; LOCK TABLE pg_db_role_setting IN ACCESS EXCLUSIVE MODE")
            found = watch.expect("up", check="query")
            assert {run.reason for run in found} <= {"timeout", "starting", "none"}
            holder.cursor().execute("ROLLBACK")
            watch.recovers()


def test_p12_our_session_is_terminated(bench: Bench, own: Running[Postgres]) -> None:
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.healthy()
        seen = len(watch.runs())
        for _ in range(3):
            kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'healthd'"
            assert ask(bench, own.port, kill) >= 1
            watch.await_runs(2)
        said = {run.reason for run in watch.runs()[seen:]}
        assert said <= {"none", "reset"}, "a session that is lost is replaced in the same run, unless the new one is killed too"
        watch.recovers()


def test_a_login_that_takes_half_a_minute_to_compute_holds_up_neither_others_nor_the_end(
    bench: Bench, own: Running[Postgres]
) -> None:
    """Over TLS, where the number of iterations cannot be seen beforehand. Each row checks that the daemon ends in time."""
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout server.key -out server.crt"
    ask(bench, own.port, f"COPY (SELECT 1) TO PROGRAM '{make} 2>/dev/null'")
    ask(bench, own.port, "ALTER SYSTEM SET ssl = on")
    key = base64.b64encode(bytes(32)).decode()
    ask(bench, own.port, f"ALTER ROLE healthd PASSWORD 'SCRAM-SHA-256$30000000:{key[:24]}${key}:{key}'")
    ask(bench, own.port, "SELECT pg_reload_conf()")
    with bench.watch(bench.postgres_probe(own.port, dsn="sslmode=require")) as watch:
        watch.begun()
        watch.expect("down", "timeout")


# --- rights -------------------------------------------------------------------------------------------------------------


def test_without_pg_monitor_the_probe_says_that_it_is_blind(bench: Bench, own: Running[Postgres]) -> None:
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.healthy()
        ask(bench, own.port, "REVOKE pg_monitor FROM healthd")
        watch.expect("degraded", "permission")
        metrics = watch.metrics()
        assert metrics.value("healthd_postgres_monitor_privileges_ok", probe="target") == 0
        assert metrics.value("healthd_postgres_connections", probe="target", state="idle") is None, "it would read healthy"
        assert metrics.value("healthd_postgres_up", probe="target") == 1
        ask(bench, own.port, "GRANT pg_monitor TO healthd")
        watch.recovers()


def test_a_statistic_that_is_refused_is_named_and_leaves_the_rest_alone(bench: Bench, own: Running[Postgres]) -> None:
    ask(bench, own.port, "REVOKE EXECUTE ON FUNCTION pg_ls_waldir() FROM pg_monitor")
    with bench.watch(bench.postgres_probe(own.port)) as watch:
        watch.begun()
        run = watch.expect("degraded", "permission")[-1]
        assert "wal_directory" in run.detail
        metrics = watch.metrics()
        assert metrics.value("healthd_collector_success", probe="target", collector="wal_directory") == 0
        assert metrics.value("healthd_collector_success", probe="target", collector="database") == 1
