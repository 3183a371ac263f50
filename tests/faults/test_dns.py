"""Faults of name resolution (D1 to D3). The controls of each row have addresses: none may notice."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

import pytest

from names import NXDOMAIN, SERVFAIL, NameServer, Says
from netns import Names
from row import Bench, Probe
from scripted import http
from stack.waiting import wait_until

NAME = "bi.faults.test"
GOOD = Says(address="127.0.0.1")
# Half a second is waited for an answer before the last good one is taken, so a run must be longer than that.
SLOWER = {"interval": "1s", "timeout": "900ms", "retry_interval": "200ms"}


@contextmanager
def resolving(island: Bench, says: Says) -> Iterator[NameServer]:
    """The daemon asks our name server and no other."""
    island.names = Names(island.folder)
    with NameServer(says) as server:
        yield server


def by_name(island: Bench, **options: str) -> Probe:
    return island.http_probe(island.web, url=f"http://{NAME}:{island.web}/health", **options)


def test_d1_no_name_server_is_reached_at_the_first_start(island: Bench) -> None:
    island.network.rule("udp dport 53 drop")
    with resolving(island, GOOD) as server, island.watch(by_name(island)) as watch:
        watch.begun()
        watch.expect("down", "resolve")
        assert not server.asked
        island.network.clear()
        watch.recovers()


@pytest.mark.parametrize("fault", ["a black hole", "SERVFAIL"])
def test_d1_a_name_that_was_known_stays_known(island: Bench, fault: str) -> None:
    """A name server in trouble says nothing about the target."""
    with resolving(island, GOOD) as server, island.watch(by_name(island, **SLOWER)) as watch:
        watch.healthy()
        if fault == "SERVFAIL":
            server.says = Says(error=SERVFAIL)
        else:
            island.network.rule("udp dport 53 drop")
        asked = server.asked
        runs = watch.stays("up", runs=3)
        if fault == "SERVFAIL":
            assert server.asked > asked
        else:
            assert max(run.json["phases"]["resolve"] for run in runs) > 0.1, "an answer was waited for"
        server.says = GOOD
        island.network.clear()
        watch.recovers()


@pytest.mark.parametrize(
    "says",
    [Says(error=NXDOMAIN), Says(error=SERVFAIL), Says(), Says(silent=True)],
    ids=["NXDOMAIN", "SERVFAIL", "an empty answer", "silent"],
)
def test_d2_the_name_server_knows_no_address(island: Bench, says: Says) -> None:
    with resolving(island, says) as server, island.watch(by_name(island)) as watch:
        watch.begun()
        runs = watch.expect("down", "resolve")
        assert server.asked
        assert all("connect" not in run.json["phases"] for run in runs), "nothing was dialled"
        server.says = GOOD
        watch.recovers()


def test_d2_a_name_that_was_taken_away_is_not_remembered(island: Bench) -> None:
    """Unlike a name server in trouble, one that is sure is believed."""
    with resolving(island, GOOD) as server, island.watch(by_name(island)) as watch:
        watch.healthy()
        server.says = Says(error=NXDOMAIN)
        runs = watch.expect("down", "resolve")
        assert all(NAME in run.detail for run in runs)
        server.says = GOOD
        watch.recovers()


def test_d3_the_answer_changes(island: Bench) -> None:
    """As when a service moves to another machine, while the old one still answers."""
    old = island.scripted(http(body=b"old"))
    new = island.scripted(http(body=b"new"), host="127.0.0.2", port=old.port)
    probe = island.http_probe(old.port, url=f"http://{NAME}:{old.port}/health")
    with resolving(island, GOOD) as server, island.watch(probe) as watch:
        watch.healthy()
        assert not new.accepted
        server.says = Says(address="127.0.0.2")
        wait_until(lambda: new.accepted, 3, "the new address is used at the next run")
        before = old.accepted
        watch.stays("up", runs=2)
        assert old.accepted == before, "the old address is left alone"
