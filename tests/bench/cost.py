"""CPU time per operation: ours, the exporter's and the floor's, in turns."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from stack import processes
from stack.processes import Process
from stack.stack import Stack

import clock
import ours
import wire
from ours import Watcher
from peers import Peer
from works import Work


@dataclass
class Figures:
    """Microseconds for each repetition, and what one second of the idle daemon costs."""

    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)

    def complete(self) -> bool:
        return bool(self.ours and self.peer and self.floor and self.idle)

    def medians(self) -> tuple[float, float, float]:
        return median(self.ours), median(self.peer), median(self.floor)


class Costs:
    """Measures one work at a time. A slice that is not what it should be raises, and has no figure."""

    def __init__(self, stack: Stack, binary: Path, floor: Path, seconds: float) -> None:
        self._stack = stack
        self._plan = stack.plan
        self._binary = binary
        self._floor = floor
        self._seconds = seconds
        self._resting: dict[str, Process] = {}

    def rest(self, work: Work) -> None:
        """Starts the daemon with the same probes, none of which is due: what it costs is not the runs' cost."""
        watcher = self._watcher(work, f"rest_{work.key}", ours.AT_REST)
        self._resting[work.key] = self._stack.launch(watcher)

    def measure(self, work: Work, figures: Figures) -> None:
        """One repetition."""
        idle = ours.idle_cost(self._resting[work.key].pid, self._seconds)
        figures.idle.append(idle * 1e6)
        figures.ours.append(self._ours(work, idle) * 1e6)
        figures.peer.append(self._peer(work) * 1e6)
        figures.floor.append(self._bare(work) * 1e6)

    def _ours(self, work: Work, idle: float) -> float:
        watcher = self._watcher(work, f"busy_{work.key}", ours.PACE)
        who = self._stack.launch(watcher)
        try:
            return ours.watch_runs(who.pid, watcher.port, self._seconds).cpu_of_run(idle)
        finally:
            processes.stop_tree(who)

    def _peer(self, work: Work) -> float:
        """At our pace, or one scrape after the other; after the first, which opens what is kept open."""
        peer = self._stack.servers[work.peer]
        assert isinstance(peer, Peer)
        pid, page = self._stack.root(peer.name).pid, work.peer_page(self._plan)
        with wire.Scraper(peer.port) as scraper:
            scraper.get(page, work.marker)
            before, due, done = clock.cpu_seconds(pid), time.monotonic(), 0
            end = due + self._seconds
            while time.monotonic() < end:
                due += 1 / work.rate
                time.sleep(max(due - time.monotonic(), 0))
                scraper.get(page, work.marker)
                done += 1
            return (clock.cpu_seconds(pid) - before) / done

    def _bare(self, work: Work) -> float:
        done = subprocess.run(
            [str(self._floor), *work.floor_words(self._plan, self._seconds)],
            env=os.environ | work.floor_login(self._plan), capture_output=True, text=True, timeout=self._seconds + 30,
        )  # fmt: skip
        if done.returncode != 0:
            raise wire.Unexpected(f"the floor of {work.key} ended with {done.returncode}: {done.stderr.strip()}")
        exchanges, nanoseconds = done.stdout.split()
        return int(nanoseconds) / int(exchanges) * work.exchanges / 1e9

    def _watcher(self, work: Work, name: str, interval: str) -> Watcher:
        watcher = Watcher(self._plan, self._binary, name, work.configuration(self._plan), interval)
        watcher.prepare()
        return watcher
