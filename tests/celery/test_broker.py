"""Faults of the broker: none of them is a worker's, save that some workers never come back from them (B1 to B10)."""

from __future__ import annotations

import signal
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Iterator

import pytest
import redis

from celery_room import CeleryRoom
from daemon import Daemon
from mending import Outage, consume_nothing, restart
from row import Bench
from servers_of_celery import Worker
from stack.ports import free_ports
from stack.waiting import wait_until
from tls_servers import Authority
from versions import comes_back_from_a_restart

OUTAGES = 3  # most of them; one suffices for a kombu before 5.4


# --- B1: it is stopped and started ---------------------------------------------------------------------------------------


@contextmanager
def load(room: CeleryRoom) -> Iterator[None]:
    """Quick tasks all the time, also while the broker is away."""
    over = threading.Event()

    def produce() -> None:
        while not over.wait(0.05):
            try:
                room.send("quick")
            except (redis.RedisError, OSError):
                pass

    thread = threading.Thread(target=produce, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_b1_a_broker_that_is_started_again_leaves_workers_that_consume_nothing(bench: Bench) -> None:
    """Celery before kombu 5.4: they send heartbeats for ever. Later ones come back, every time."""
    room = CeleryRoom(bench)
    names = [f"w{number}" for number in range(1, 5)]
    room.start(*(partial(room.worker, name, queues=f"celery,{name}", mingle=True) for name in names))
    with room.watch_workers(expected_workers=4) as watch, load(room):
        watch.healthy()
        watch.involves("broker")
        watch.excuses("unknown")
        watch.may_raise("RedisDown")
        lost: list[Worker] = []
        for _ in range(OUTAGES):
            outage = Outage(room)
            outage.begin()
            outage.wait_until_missed()
            outage.end()
            lost = consume_nothing(room)
            if lost:
                break
        assert bool(lost) != comes_back_from_a_restart(), f"{len(lost)} of 4 consume nothing"
        if len(lost) == len(room.workers):
            watch.may_raise("CeleryNoWorkers")
        for worker in lost:
            watch.worker(worker, "catatonic")
            watch.raises("CeleryWorkerCatatonic", worker=worker.node)
        for worker in [each for each in room.workers if each not in lost]:
            watch.worker(worker, "healthy", within=45)
        restart(room, lost)
        for worker in room.workers:
            watch.worker(worker, "healthy", within=45)
        watch.recovers(within=20)


# --- B2 to B4: it is there, and does not do everything -------------------------------------------------------------------


def test_b2_connections_are_cut(bench: Bench) -> None:
    """Everybody comes back by himself, and nobody is accused meanwhile."""
    room = CeleryRoom(bench)
    room.two_workers()
    room.beat()
    with room.watch(room.celery_probe(expected_workers=2), room.probe(), room.beat_probe()) as watch:
        watch.healthy()
        watch.involves("broker", "beat")
        watch.excuses("unknown")
        for kind in ("pubsub", "normal"):
            room.admin().client_kill_filter(_type=kind, skipme=True)
            for worker in room.workers:
                watch.worker(worker, "healthy", within=20)
            watch.recovers(within=20)
            watch.recovers(within=20, probe=["broker", "beat"])
        watch.stays("up", runs=12, within=30)


def test_b3_a_frozen_broker_is_the_brokers_fault(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, w2 = room.two_workers()
    room.beat()
    with room.watch(room.celery_probe(), room.probe(), room.beat_probe()) as watch:
        watch.healthy()
        watch.involves("broker", "beat")
        room.running.freeze()
        watch.expect("down", "timeout", probe="broker")
        watch.worker(w1, "unknown")
        watch.worker(w2, "unknown")
        watch.expect("unknown", "timeout")
        watch.expect("unknown", "timeout", probe="beat", runs=1)
        watch.raises("RedisDown")
        watch.await_runs(12, within=30)  # heartbeats are stale by now
        room.running.thaw()
        watch.worker(w1, "healthy", within=25)
        watch.worker(w2, "healthy", within=25)
        watch.recovers()
        watch.recovers(probe=["broker", "beat"], within=20)


def test_b4_no_worker_ends_because_we_ask_while_memory_is_used_up(bench: Bench) -> None:
    """A worker that cannot write its reply ends itself, so nobody may be asked for one."""
    room = CeleryRoom(bench)
    w1, w2 = room.two_workers()
    room.beat()
    quick = {"interval": "500ms", "timeout": "450ms", "retry_interval": "100ms"}
    with room.watch(room.celery_probe(**quick), room.probe(), room.beat_probe(**quick)) as watch:
        watch.healthy()
        watch.involves("broker", "beat")
        watch.excuses("unknown")
        pids = [worker.pid for worker in room.workers]
        room.admin().set("ballast", "x" * 3_000_000)
        room.admin().config_set("maxmemory", "2mb")
        watch.expect("degraded", "oom", runs=5)
        watch.await_runs(60, within=60)
        assert [worker.pid for worker in room.workers if worker.alive()] == pids
        assert not [worker.log() for worker in room.workers if "Unrecoverable" in worker.log()]
        room.admin().config_set("maxmemory", "64mb")
        for worker in (w1, w2):
            watch.worker(worker, "healthy")
        watch.recovers()
        watch.recovers(probe=["broker", "beat"], within=20)


# --- B5 to B8: what it allows us -----------------------------------------------------------------------------------------


def test_b5_a_wrong_password(bench: Bench) -> None:
    room = CeleryRoom(bench)
    room.two_workers()
    user = ["ACL", "SETUSER", "healthd", "on", "resetpass", "~*", "&*", "+@all"]
    room.admin().execute_command(*user, f">{bench.secret}")
    with room.watch(room.celery_probe(), room.probe(username="healthd")) as watch:
        watch.healthy()
        watch.involves("broker")
        watch.excuses("unknown")
        watch.may_raise("HealthdMonitorUnprivileged")
        room.admin().execute_command(*user, ">another")
        room.admin().client_kill_filter(user="healthd")
        watch.expect("unknown", "auth")
        for worker in room.workers:
            watch.worker(worker, "unknown")
        room.admin().execute_command(*user, f">{bench.secret}")
        for worker in room.workers:
            watch.worker(worker, "healthy", within=25)
        watch.recovers()


@pytest.mark.parametrize(
    "missing, check",
    [("-publish", "replies"), ("resetchannels", "replies"), ("-client|list", "clients"), ("-sadd", "replies")],
    ids=["no publish", "no channel", "no list of clients", "no binding"],
)
def test_b6_a_missing_right(bench: Bench, missing: str, check: str) -> None:
    room = CeleryRoom(bench)
    room.two_workers()
    allow = ["ACL", "SETUSER", "healthd", "on", f">{bench.secret}", "~*", "&*", "+@all"]
    room.admin().execute_command(*allow)
    with room.watch(room.celery_probe(), room.probe(username="healthd")) as watch:
        watch.healthy()
        watch.excuses("unknown")
        watch.may_raise("HealthdMonitorUnprivileged")
        room.admin().execute_command("ACL", "SETUSER", "healthd", missing)
        watch.expect("unknown", "permission", check=check)
        watch.await_runs(14, within=30)  # nobody is called hung or dead for our lack of a right
        room.admin().execute_command(*allow)
        for worker in room.workers:
            watch.worker(worker, "healthy", within=25)
        watch.recovers(within=20)


def granted(bench: Bench, configuration: Path) -> list[str]:
    """The rules of the user that `grants redis` prints for the probes of the broker."""
    words = [str(bench.binary), "grants", "redis", "--probe", "workers", "--probe", "broker", "--probe", "beat"]
    done = subprocess.run([*words, f"--config.file={configuration}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("# user healthd ")]
    return line.split()[line.split().index("resetkeys") :]


def test_b7_tls_and_the_rights_that_grants_prints(bench: Bench) -> None:
    authority = Authority(bench.folder / "authority")
    certificate = authority.issue()
    port = bench.new_plan().ports["https"]
    tls = [f"tls-port {port}", f"tls-cert-file {certificate.file}", f"tls-key-file {certificate.key}", "tls-auth-clients no"]
    room = CeleryRoom(bench, *tls, f"tls-ca-cert-file {authority.file}")
    w1, w2 = room.two_workers()
    room.beat()
    secure = {"url": f"rediss://localhost:{port}/0", "username": "healthd", "tls": {"ca_file": str(authority.file)}}
    canary = {"queues": ["celery"], "interval": "2s", "timeout": "1s", "result_database": 1}
    probes = [room.celery_probe(expected_workers=2, canary=canary), room.probe(**secure), room.beat_probe()]
    watch = room.watch(*probes)
    file = bench.folder / "grants.yaml"
    watch.write_configuration(file, port)
    room.admin().execute_command("ACL", "SETUSER", "healthd", "on", f">{bench.secret}", *granted(bench, file))
    with watch:
        watch.healthy()
        watch.metric("healthd_celery_canary_success", 1, queue="celery")
        watch.stays("up", runs=6)
        checks = {check["name"]: check for run in watch.runs()[-6:] for check in run.json["checks"]}
        assert {check["status"] for check in checks.values()} == {"up"}, checks
        w1.kill()
        watch.worker(w1, "dead")
        w1.start()
        watch.worker(w1, "healthy")
        refused = room.admin().execute_command("ACL", "LOG")
        assert not refused, f"the rights do not suffice: {refused}"


def test_b8_passive_nothing_is_written_and_a_dead_worker_is_found(bench: Bench) -> None:
    """Workers are known by their heartbeats, and Beat by its events."""
    room = CeleryRoom(bench, task_send_sent_event=True)
    w1, w2 = room.two_workers()
    room.beat()
    rules = ["~*", "&*", "+@all", "-@write", "-publish"]
    room.admin().execute_command("ACL", "SETUSER", "healthd", "on", f">{bench.secret}", *rules)
    probes = [room.celery_probe(passive=True), room.probe(username="healthd"), room.beat_probe(passive=True)]
    with room.watch(*probes) as watch:
        watch.healthy()
        watch.stays("up")
        w1.kill()
        watch.worker(w1, "dead")
        w1.start()
        watch.worker(w1, "healthy")
        refused = room.admin().execute_command("ACL", "LOG")
        assert not refused, f"something was tried: {refused}"


# --- B9 and B10: we are not alone there, and not the first ---------------------------------------------------------------


def test_b9_another_application_on_the_same_broker_is_not_ours(bench: Bench) -> None:
    """Its workers have the same names and queues, in another database."""
    room = CeleryRoom(bench)
    w1, other = room.start(
        partial(room.worker, "w1"), partial(room.worker, "other", node="w1", broker_url=room.url(3))
    )
    with room.watch_workers(expected_workers=1) as watch:
        watch.healthy(w1)
        watch.metric("healthd_celery_consumer_connections", 1)
        other.signal(signal.SIGSTOP)
        watch.stays("up", runs=14, within=25)
        other.kill()
        watch.stays("up", runs=3)


def test_b10_what_a_killed_daemon_left_is_cleared_by_the_next(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, w2 = room.two_workers()
    watch = room.watch_workers()
    port = free_ports(["healthd"])["healthd"]
    file = bench.folder / "first.yaml"
    watch.write_configuration(file, port)
    w1.signal(signal.SIGSTOP)  # so that each round waits for its answer
    daemon = Daemon([str(bench.binary), "run", f"--config.file={file}", f"--storage.path={bench.folder}"], port, bench.folder)
    try:
        bindings = "_kombu.binding.reply.celery.pidbox"
        wait_until(lambda: room.admin().scard(bindings), 15, "a round is under way", step=0.01)
    finally:
        daemon.kill()
    assert room.admin().scard(bindings) == 1, "so much stays, and no more"
    w1.signal(signal.SIGCONT)
    with watch:
        watch.healthy()
        watch.stays("up")
        wait_until(lambda: not room.admin().scard(bindings), 5, "no round is under way", step=0.01)
