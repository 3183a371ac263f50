"""Resident memory: our daemon with the whole stack, and the four exporters, at their daily work and under load."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, TypeVar

from stack import processes
from stack.healthd import Healthd
from stack.stack import Stack
from stack.waiting import wait_until

import clock
import ours
import wire
from clock import Memory
from peers import PEERS, Peer
from works import WORKS

Value = TypeVar("Value")

GOAL = 16.0
WARM_UP = 5  # scrapes
CLIENTS = 4


@dataclass
class Footprint:
    """By process: `superset-healthd` and the names of the exporters."""

    idle: dict[str, Memory] = field(default_factory=dict)
    load: dict[str, Memory] = field(default_factory=dict)
    page: float = 0  # microseconds of CPU time for one of our /metrics pages, the whole stack in it

    @staticmethod
    def of_peers(memories: dict[str, Memory]) -> Memory:
        return sum((memories[peer.program] for peer in PEERS), clock.NOTHING)


OURS = "superset-healthd"


def measure_footprint(stack: Stack, binary: Path, seconds: float) -> Footprint:
    """Before anything else is measured: a Go program does not give back at once what a load made it take."""
    footprint = Footprint()
    daily = Healthd(stack.plan, binary, ours.DAILY)
    for page in _pages(stack):
        _scrape(*page, times=WARM_UP)
    footprint.idle[OURS], footprint.page = _of_daemon(
        stack, daily, lambda pid: (_at_rest(pid, seconds), _page_cost(stack, pid) * 1e6)
    )
    footprint.idle |= {name: clock.memory(pid) for name, pid in _peer_pids(stack).items()}

    footprint.load = _under_load(_peer_pids(stack), _pages(stack), seconds)
    port = stack.plan.ports["healthd"]
    scrapes = [(port, "/metrics", "healthd_build_info")] * CLIENTS
    footprint.load[OURS] = _of_daemon(
        stack, ours.BusyHealthd(stack.plan, binary), lambda pid: _under_load({OURS: pid}, scrapes, seconds)[OURS]
    )
    return footprint


def _of_daemon(stack: Stack, daemon: Healthd, measure: Callable[[int], Value]) -> Value:
    """Runs `measure` on a daemon of which each probe has had its turn."""
    daemon.prepare()
    port = stack.plan.ports["healthd"]
    who = stack.launch(daemon)
    try:
        wait_until(lambda: wire.status(port, "/-/ready") == 200, 30, "a first result of each probe")
        _scrape(port, "/metrics", "healthd_build_info", times=WARM_UP)
        return measure(who.pid)
    finally:
        processes.stop_tree(who)


def _at_rest(pid: int, seconds: float) -> Memory:
    time.sleep(seconds)
    return clock.memory(pid)


def _page_cost(stack: Stack, pid: int) -> float:
    """CPU seconds. Pages within a tenth of a second share the moment they show, so these keep apart."""
    pages, apart = 10, 0.12
    with wire.Scraper(stack.plan.ports["healthd"]) as scraper:
        before = clock.cpu_seconds(pid)
        for _ in range(pages):
            scraper.get("/metrics")
            time.sleep(apart)
        return (clock.cpu_seconds(pid) - before) / pages


def _under_load(pids: dict[str, int], pages: list[tuple[int, str, str]], seconds: float) -> dict[str, Memory]:
    """The most that was seen of each process while all pages were fetched over and over."""
    most = {name: clock.NOTHING for name in pids}
    end = threading.Event()
    with ThreadPoolExecutor(len(pages)) as pool:
        jobs = [pool.submit(_scrape, *page, until=end) for page in pages]
        stop_at = time.monotonic() + max(seconds, 1)
        while time.monotonic() < stop_at:
            for name, pid in pids.items():
                most[name] = most[name].highest(clock.memory(pid))
            time.sleep(0.05)
        end.set()
        for job in jobs:
            job.result()
    return most


def _scrape(port: int, page: str, marker: str, times: int = 0, until: threading.Event | None = None) -> None:
    """So many times, or until the event."""
    with wire.Scraper(port) as scraper:
        while times > 0 or (until and not until.is_set()):
            scraper.get(page, marker)
            times -= 1


def _pages(stack: Stack) -> list[tuple[int, str, str]]:
    """What each work asks of its exporter."""
    return [(stack.plan.ports[work.peer], work.peer_page(stack.plan), work.marker) for work in WORKS]


def _peer_pids(stack: Stack) -> dict[str, int]:
    peers = [server for server in stack.servers.values() if isinstance(server, Peer)]
    return {peer.program: stack.root(peer.name).pid for peer in peers}
