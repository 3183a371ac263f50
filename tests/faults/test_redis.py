"""States of a Redis, each brought about in a real server (R1 to R11 in the list of faults)."""

from __future__ import annotations

import socket

import pytest

from redis_room import Room
from row import Bench
from stack.waiting import wait_until


def busy(room: Room, script: bytes = b"while true do end") -> socket.socket:
    """Starts a script that never ends; whoever gets the connection closes it."""
    line = socket.create_connection(("127.0.0.1", room.running.port), 5)
    line.sendall(b"AUTH " + room.bench.secret.encode() + b"\r\nEVAL \"" + script + b"\" 0\r\n")
    return line


# --- R1 to R5: it answers, but not what is asked of it ------------------------------------------------------------------


def test_r1_a_server_that_reads_its_data_says_how_far_it_is(bench: Bench) -> None:
    slow = ("--key-load-delay", "100", "--loading-process-events-interval-bytes", "1024")
    room = Room(bench, "enable-debug-command local", flags=slow)
    room.admin().execute_command("DEBUG", "POPULATE", "40000")
    room.admin().save()
    with bench.watch(room.probe(role="broker")) as watch:
        watch.healthy()
        room.running.kill()
        watch.expect("down", "connect_refused")
        room.running.start()
        runs = watch.expect("down", "loading")
        assert " % read" in runs[-1].detail, "INFO is answered in that state"
        assert " left" in runs[-1].json["evidence"]["loading"]
        assert watch.metrics().value("healthd_redis_loading", probe="target") == 1
        room.admin().config_set("key-load-delay", "0")
        watch.recovers()


def test_r2_a_broker_on_a_replica(bench: Bench) -> None:
    room = Room(bench)
    with bench.watch(room.probe(role="broker")) as watch:
        watch.healthy()
        room.admin().slaveof("127.0.0.1", 1)
        watch.expect("degraded", "read_only")
        watch.expect("down", "read_only", check="write", runs=1)
        assert watch.metrics().value("healthd_redis_write_ok", probe="target") == 0
        assert watch.metrics().value("healthd_redis_up", probe="target") == 1
        room.admin().slaveof()
        watch.recovers()


def test_r3_a_replica_without_its_primary(bench: Bench) -> None:
    primary = Room(bench, "repl-diskless-sync-delay 0", "repl-ping-replica-period 1")
    auth = f"masterauth {bench.secret}"
    replica = Room(bench, auth, "replica-serve-stale-data no", "repl-timeout 2")
    with bench.watch(replica.probe()) as watch:
        watch.healthy()
        replica.admin().slaveof("127.0.0.1", primary.running.port)
        watch.expect("degraded", "read_only")
        primary.running.freeze()
        runs = watch.expect("down", "masterdown", within=20)
        assert "link down" in runs[-1].detail
        assert watch.metrics().value("healthd_redis_replica_link_up", probe="target") == 0
        primary.running.thaw()
        watch.expect("degraded", "read_only", within=20)
        replica.admin().slaveof()
        watch.recovers()


@pytest.mark.parametrize("canary", [False, True], ids=["by its figures", "by a write"])
def test_r4_memory_is_used_up(bench: Bench, canary: bool) -> None:
    room = Room(bench)
    with bench.watch(room.probe(role="broker", write_canary=canary)) as watch:
        watch.healthy()
        assert watch.metrics().value("healthd_redis_write_ok", probe="target") == (1 if canary else None)
        room.admin().set("ballast", "x" * 3_000_000)
        room.admin().config_set("maxmemory", "2mb")
        runs = watch.expect("degraded", "oom")
        assert runs[-1].check("ping")[0] == "up"
        assert runs[-1].json["evidence"]["memory"].endswith(" of 2.1 MB")
        assert watch.metrics().value("healthd_redis_write_ok", probe="target") == 0
        room.admin().config_set("maxmemory", "64mb")
        watch.recovers()


def test_r5_a_disk_that_takes_no_snapshot(bench: Bench) -> None:
    room = Room(bench, "enable-protected-configs yes")
    admin = room.admin()
    with bench.watch(room.probe()) as watch:
        watch.healthy()
        admin.config_set("save", "900 1")
        admin.config_set("dir", "/proc")
        admin.set("key", "value")
        admin.bgsave()
        runs = watch.expect("down", "misconf")
        assert "snapshot err (1 changes not saved)" in runs[-1].detail
        assert watch.metrics().value("healthd_redis_persistence_ok", probe="target", method="rdb") == 0
        assert watch.metrics().value("healthd_redis_write_ok", probe="target") == 0
        admin.config_set("dir", str(room.running.server.room))
        admin.bgsave()
        watch.recovers()


# --- R6 to R9: it does not let us in, or does not answer ----------------------------------------------------------------


def test_r6_a_script_that_never_ends(bench: Bench) -> None:
    room = Room(bench, "busy-reply-threshold 50")
    with bench.watch(room.probe()) as watch:
        watch.healthy()
        with busy(room):
            watch.expect("down", "busy")
            room.admin().script_kill()
        watch.recovers()


def test_r7_a_password_that_is_asked_for_and_not_configured(bench: Bench) -> None:
    room = Room(bench)
    admin = room.admin()
    admin.config_set("requirepass", "")
    probe = room.probe()
    del probe["password_file"]
    with bench.watch(probe) as watch:
        watch.healthy()
        admin.config_set("requirepass", bench.secret)
        watch.expect("unknown", "auth")
        assert watch.metrics().value("healthd_redis_up", probe="target") is None, "nobody knows"
        admin.config_set("requirepass", "")
        watch.recovers()


def test_r7_another_password(bench: Bench) -> None:
    room = Room(bench)
    admin = room.admin()
    with bench.watch(room.probe()) as watch:
        watch.healthy()
        admin.config_set("requirepass", "something-else")
        runs = watch.expect("unknown", "auth")
        assert runs[-1].detail.startswith("WRONGPASS")
        admin.config_set("requirepass", bench.secret)
        watch.recovers()


def test_r7_a_user_who_may_not_ask(bench: Bench) -> None:
    room = Room(bench)
    admin = room.admin()
    admin.execute_command("ACL", "SETUSER", "healthd", "on", f">{bench.secret}", "-@all", "+ping", "+info", "+client|setname")
    with bench.watch(room.probe(username="healthd")) as watch:
        watch.healthy()
        admin.execute_command("ACL", "SETUSER", "healthd", "-ping")
        watch.expect("unknown", "permission")
        admin.execute_command("ACL", "SETUSER", "healthd", "+ping", "-info")
        watch.expect("degraded", "permission")
        assert watch.metrics().value("healthd_redis_up", probe="target") == 1
        admin.execute_command("ACL", "SETUSER", "healthd", "+info")
        watch.recovers()


def test_r8_no_room_for_another_client(bench: Bench) -> None:
    room = Room(bench)
    with bench.watch(room.probe()) as watch:
        watch.healthy()
        room.admin().config_set("maxclients", "4")
        address = ("127.0.0.1", room.running.port)
        others = [socket.create_connection(address, 5) for _ in range(6)]
        watch.expect("down", "maxclients")
        for other in others:
            other.close()
        watch.recovers()


def test_r9_frozen(bench: Bench) -> None:
    room = Room(bench)
    with bench.watch(room.probe()) as watch:
        watch.healthy()
        room.running.freeze()
        watch.expect("down", "timeout", phase="auth")
        room.running.thaw()
        watch.recovers()


def test_r9_writes_are_held_back(bench: Bench) -> None:
    """PING is answered all the time."""
    room = Room(bench)
    with bench.watch(room.probe(write_canary=True)) as watch:
        watch.healthy()
        room.admin().execute_command("CLIENT", "PAUSE", "60000", "WRITE")
        watch.expect("degraded", "timeout")
        assert watch.metrics().value("healthd_redis_write_ok", probe="target") == 0
        room.admin().execute_command("CLIENT", "UNPAUSE")
        watch.recovers()


# --- R11: another one answers -------------------------------------------------------------------------------------------


def test_r11_a_new_role_shows_once(bench: Bench) -> None:
    primary, room = Room(bench), Room(bench, f"masterauth {bench.secret}")
    with bench.watch(room.probe()) as watch:
        watch.healthy()
        room.admin().slaveof("127.0.0.1", primary.running.port)
        changed = watch.expect("degraded", "role_changed", runs=1)
        assert changed[-1].detail == "the server was master and is now slave"
        watch.expect("degraded", "read_only")
        room.admin().slaveof()
        watch.expect("degraded", "role_changed", runs=1)
        watch.recovers()


def test_r11_vanished_and_started_again(bench: Bench) -> None:
    room = Room(bench)
    with bench.watch(room.probe()) as watch:
        watch.healthy()
        room.running.kill()
        watch.expect("down", "connect_refused")
        room.running.start()
        wait_until(lambda: [run for run in watch.runs() if "restarted" in run.detail], 10, "the new process is noticed")
        watch.recovers()
