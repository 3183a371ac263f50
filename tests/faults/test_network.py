"""Faults of the network: no connection, or one that is of no use (N1 to N7, N11)."""

from __future__ import annotations

import pytest

from netns import Names, Network
from row import Bench, Probe, Watch
from servers import Postgres, Redis
from stack.celery_servers import Worker
from stack.connections import local_ports
from stack.waiting import wait_until
from targets import TARGETS, Three, each_target, through_a_gate

# --- N1 to N4: no connection --------------------------------------------------------------------------------------------


@each_target
def test_n1_nothing_listens(bench: Bench, target: str) -> None:
    gate, probe = through_a_gate(bench, target)
    with bench.watch(probe) as watch:
        watch.healthy()
        gate.refuse()
        runs = watch.expect("down", "connect_refused")
        assert min(run.seconds for run in runs) < 0.05, "it is known at once"
        gate.pass_on()
        watch.recovers()


def test_n2_a_black_hole_takes_every_packet(island: Bench) -> None:
    three = Three(island)
    with island.watch(*three.probes) as watch:
        watch.healthy()
        island.network.rule(f"tcp dport {three.ports} drop")
        watch.expect("down", "connect_timeout", phase="connect", probe=TARGETS)
        island.network.clear()
        watch.recovers(probe=TARGETS)


@pytest.mark.parametrize(
    "answer, reason",
    [("tcp reset", "connect_refused"), ("icmpx type host-unreachable", "unreachable")],
    ids=["reset", "host unreachable"],
)
def test_n3_a_firewall_rejects(island: Bench, answer: str, reason: str) -> None:
    three = Three(island)
    with island.watch(*three.probes) as watch:
        watch.healthy()
        island.network.rule(f"tcp dport {three.ports} reject with {answer}")
        watch.expect("down", reason, probe=TARGETS)
        island.network.clear()
        watch.recovers(probe=TARGETS)


@each_target
def test_n4_the_backlog_is_full(bench: Bench, target: str) -> None:
    gate, probe = through_a_gate(bench, target)
    with bench.watch(probe) as watch:
        watch.healthy()
        gate.stop_accepting(full=True)
        gate.swallow()
        watch.expect("down", "connect_timeout", phase="connect")
        gate.pass_on()
        watch.recovers()


# --- N4 to N7: a connection that is of no use ---------------------------------------------------------------------------

# The phase is where each protocol waits for the server's first word: libpq asks for TLS before it does anything else.
@pytest.mark.parametrize("target, phase", [("nginx", "first_byte"), ("redis", "auth"), ("postgres", "tls")])
def test_n5_silent_after_accept(bench: Bench, target: str, phase: str) -> None:
    gate, probe = through_a_gate(bench, target)
    with bench.watch(probe) as watch:
        watch.healthy()
        gate.swallow("down")
        watch.expect("down", "timeout", phase=phase)
        gate.pass_on()
        watch.recovers()


def test_n4_the_kernel_accepts_for_a_gunicorn_that_serves_nobody(bench: Bench) -> None:
    """Its workers are busy, and its backlog is not full yet."""
    gate, probe = through_a_gate(bench, "gunicorn")
    with bench.watch(probe) as watch:
        watch.healthy()
        gate.stop_accepting(full=False)
        watch.expect("down", "saturated")
        gate.pass_on()
        watch.recovers()


@pytest.mark.parametrize("target, after", [("web", 40), ("redis", 10), ("postgres", 8)])
def test_n6_a_reset_in_the_middle_of_an_answer(bench: Bench, target: str, after: int) -> None:
    gate, probe = through_a_gate(bench, target)
    with bench.watch(probe) as watch:
        watch.healthy()
        gate.cut(after, by="rst")
        watch.expect("down", "reset")
        gate.pass_on()
        watch.recovers()


def lost(island: Bench, watch: Watch, port: int) -> set[int]:
    """The connections to this port that stand now are cut off: nothing passes any more, and nobody is told."""
    ports = local_ports(watch.daemon.pid, port)
    assert ports, "a session is kept"
    island.network.swallow(*ports)
    return ports


def test_n7_the_peer_of_a_kept_session_vanishes(island: Bench) -> None:
    """New connections pass, so the daemon must mend this by itself."""
    server = island.start(Postgres)
    with island.watch(island.postgres_probe(server.port)) as watch:
        watch.healthy()
        ports = lost(island, watch, server.port)
        wait_until(lambda: not ports & local_ports(watch.daemon.pid, server.port), 5, "the dead session is given up")
        watch.recovers()
        wait_until(lambda: local_ports(watch.daemon.pid, server.port), 5, "a new session is kept")


def test_n7_celerys_broker_vanishes(island: Bench) -> None:
    plan = island.new_plan()
    broker = island.start(Redis, plan=plan)
    island.start(Worker, plan=plan)
    slower = {"interval": "1s", "timeout": "900ms"}  # a worker under load needs a moment to reply
    probes = [
        {"name": "workers", "kind": "celery", "broker": "broker", "queues": ["celery"], "expected_workers": 1, **slower},
        island.redis_probe(broker.port, name="broker", role="broker", **slower),
    ]
    with island.watch(*probes) as watch:
        watch.healthy()
        ports = lost(island, watch, broker.port)
        wait_until(lambda: not ports & local_ports(watch.daemon.pid, broker.port), 8, "the dead connections are given up")
        watch.recovers(probe=["workers", "broker"])
        said = {(run.status, run.reason) for run in watch.runs() if run.status != "up"}
        assert said <= {("unknown", "timeout")}, "a broker that is gone says nothing about workers"


# --- N11: a name with addresses of both families ------------------------------------------------------------------------


def by_name(island: Bench, first: str) -> list[Probe]:
    """Three probes of `dual.test`, which has this IPv6 address and an IPv4 address, where the servers are."""
    island.network.both_families()
    island.names = Names(island.folder)
    island.names.hosts("127.0.0.1 localhost", f"{first} dual.test", "127.0.0.1 dual.test")
    return [
        island.http_probe(island.web, name="web", url=f"http://dual.test:{island.web}/health"),
        island.redis_probe(island.redis, name="redis", url=f"redis://dual.test:{island.redis}/0"),
        island.postgres_probe(island.postgres, name="postgres", host="dual.test", dsn="sslmode=disable"),
    ]


@pytest.mark.parametrize(
    "first, drop",
    [(Network.OTHER_IPV6, True), (Network.OTHER_IPV6, False), (Network.NO_ROUTE_IPV6, False)],
    ids=["a black hole", "refused", "no route"],
)
def test_n11_an_address_that_does_not_answer_leaves_time_for_the_next(island: Bench, first: str, drop: bool) -> None:
    probes = by_name(island, first)
    if drop:
        island.network.rule(f"ip6 daddr {first} drop")
    slower = {"interval": "700ms", "timeout": "600ms"}  # a quarter of a second is lost to the first address
    with island.watch(*(probe | slower for probe in probes)) as watch:
        watch.healthy()
        watch.stays("up", runs=3, probe=TARGETS)
