"""What it costs to ask Celery's workers: our daemon, `celery inspect ping` and celery-exporter, on one broker."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Callable, Iterator

from stack import processes
from stack.celery_servers import Worker
from stack.plan import Plan
from stack.processes import Process
from stack.server import Server
from stack.stack import Stack

import celery_exporter
import clock
import inspect_ping
import ours
import wire
from celery_exporter import CeleryExporter
from clock import Memory
from ours import Watcher
from traffic import Traffic

# Of one of our rounds.
GOALS = {"wall_seconds": 0.010, "cpu_seconds": 0.000_300}
WORKERS = 2
# Names of daemons and their ports: with nothing due, with one kind of probe at a quick pace, and as in daily use.
REST, QUICK, DAILY = "celery_rest", {"celery": "celery_quick", "beat": "beat_quick"}, "celery_daily"
PORT_NAMES = (REST, *QUICK.values(), DAILY, CeleryExporter.name)

# The redis probe only says where the broker is.
BROKER = 'name: broker, kind: redis, url: "redis://127.0.0.1:{redis}", password_file: "{secrets}/redis", role: [broker]'
PROBES = {
    "celery": f"name: celery, kind: celery, broker: broker, queues: [celery], expected_workers: {WORKERS}",
    "beat": "name: beat, kind: beat, broker: broker, task: reports.scheduler, every: {every}s",
}
SELDOM = f"interval: {ours.AT_REST}, timeout: 5s"


@dataclass(frozen=True)
class Pace:
    """How long is measured: slices at a quick pace, and rounds at the daily interval."""

    seconds: float
    repeat: int
    interval: float = 15
    our_rounds: int = 8  # not all are alike, since some things are asked once a minute
    peer_rounds: int = 4
    fetch: bool = True  # what is not on this machine


SMOKE = Pace(seconds=0.5, repeat=1, interval=3, our_rounds=2, peer_rounds=1, fetch=False)


@dataclass(frozen=True)
class Round:
    """One run of a probe of ours, one call, or one scrape."""

    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Cost:
    """A minute is one of daily use."""

    wall_seconds: float
    cpu_seconds: float
    minute_cpu_seconds: float
    minute_commands: float  # that it sent to Redis
    resident_mb: float
    private_mb: float


@dataclass
class CeleryCosts:
    """None where it was not measured."""

    pace: Pace
    ours: Cost | None = None
    beat: Round | None = None  # of our beat probe; its part of a minute is in `ours`
    inspect_ping: Cost | None = None
    exporter: Cost | None = None
    left_out: str = ""


@dataclass
class _Day:
    """What is seen of a process that is scraped at the daily interval."""

    scrapes: list[Round] = field(default_factory=list)
    minutes: float = 0
    cpu: float = 0
    commands: int = 0
    memory: Memory = clock.NOTHING
    page: str = ""

    def scrape(self, who: Process, port: int, marker: str) -> None:
        """On a connection of its own, since a kept one may be closed in the long time between."""
        began, before = time.monotonic(), clock.cpu_seconds(who.pid)
        with wire.Scraper(port) as scraper:
            self.page = scraper.get("/metrics", marker)
        self.scrapes.append(Round(time.monotonic() - began, clock.cpu_seconds(who.pid) - before))

    def cost(self, one: Round) -> Cost:
        return _cost(one, self.cpu / self.minutes, self.commands / self.minutes, self.memory)


def _cost(one: Round, minute_cpu: float, minute_commands: float, memory: Memory) -> Cost:
    return Cost(one.wall_seconds, one.cpu_seconds, minute_cpu, minute_commands, memory.resident, memory.private)


def _median(rounds: list[Round]) -> Round:
    return Round(median(one.wall_seconds for one in rounds), median(one.cpu_seconds for one in rounds))


class SecondWorker(Worker):
    """Like the stack's."""

    name = "second_worker"

    def command(self) -> list[str]:
        return [*super().command(), "--hostname", "second@%h"]


def measure_celery(
    stack: Stack, binary: Path, pace: Pace, attempt: Callable[[str, Callable[[], None]], None]
) -> CeleryCosts:
    """`attempt` is given what may fail without an end of the rest, with a name."""
    costs = CeleryCosts(pace)
    with _running(stack, SecondWorker(stack.plan)) as second:
        measuring = _Measuring(stack, binary, costs, second)
        attempt("ours", measuring.ours)
        attempt("inspect ping", measuring.inspect_ping)
        if pace.fetch or celery_exporter.installed():
            attempt("celery-exporter", measuring.exporter)
        else:
            costs.left_out = "celery-exporter, which is not on this machine, and a smoke test fetches nothing"
    return costs


@contextmanager
def _running(stack: Stack, server: Server) -> Iterator[Process]:
    server.prepare()
    who = stack.launch(server)
    try:
        yield who
    finally:
        processes.stop_tree(who, server.stop_signal)


def _probes(plan: Plan, at_work: tuple[str, ...]) -> str:
    """Those that are not at work run once, at the start."""
    lines = [f"{BROKER}, {SELDOM}"]
    lines += [line if kind in at_work else f"{line}, {SELDOM}" for kind, line in PROBES.items()]
    names = {**plan.ports, "secrets": plan.folder / "bench-secrets", "every": f"{plan.beat_every:g}"}
    return "".join(f"  - {{{line.format(**names)}}}\n" for line in lines)


class _Measuring:
    """One after the other, so that whatever Redis gets beside its servers' commands is of the one that is measured."""

    def __init__(self, stack: Stack, binary: Path, costs: CeleryCosts, second: Process) -> None:
        self._stack = stack
        self._plan = stack.plan
        self._binary = binary
        self._costs = costs
        self._pace = costs.pace
        self._traffic = Traffic(stack.plan, [stack.root("worker"), stack.root("beat"), second])

    def ours(self) -> None:
        with _running(self._stack, self._watcher(REST, (), ours.AT_REST)) as who:
            idle = median(ours.idle_cost(who.pid, self._pace.seconds) for _ in range(self._pace.repeat))
        runs = {kind: self._runs(kind, idle) for kind in QUICK}
        daily = self._watcher(DAILY, tuple(PROBES), f"{self._pace.interval:g}s")
        with _running(self._stack, daily) as who:
            day = self._day(who, daily.port, "\nhealthd_celery_workers_online{", self._pace.our_rounds)
            if failed := ours.Runs(day.page, "celery").failed:
                raise wire.Unexpected(f"{failed:.0f} daily runs of our celery probe failed")
        self._costs.ours = day.cost(runs["celery"])
        self._costs.beat = runs["beat"]

    def inspect_ping(self) -> None:
        worker = self._stack.servers["worker"]
        assert isinstance(worker, Worker)
        rounds, commands, most = [], [], clock.NOTHING
        for _ in range(self._pace.repeat):
            with self._traffic.counted() as count:
                call = inspect_ping.call(worker, WORKERS)
            rounds.append(Round(call.wall, call.cpu))
            commands.append(count.commands)
            most = most.highest(call.memory)
        one, a_minute = _median(rounds), 60 / self._pace.interval
        self._costs.inspect_ping = _cost(one, one.cpu_seconds * a_minute, median(commands) * a_minute, most)

    def exporter(self) -> None:
        celery_exporter.install()
        exporter = CeleryExporter(self._plan)
        with _running(self._stack, exporter) as who:
            day = self._day(who, exporter.port, exporter.marker, self._pace.peer_rounds)
        self._costs.exporter = day.cost(_median(day.scrapes))

    def _runs(self, kind: str, idle: float) -> Round:
        """One of them. Beat sends once a minute; a run that finds nothing sent yet is a run all the same."""
        watcher, rounds = self._watcher(QUICK[kind], (kind,), ours.PACE), []
        with _running(self._stack, watcher) as who:
            for _ in range(self._pace.repeat):
                seen = ours.watch_runs(who.pid, watcher.port, self._pace.seconds, kind, fine="stale")
                rounds.append(Round(seen.wall / seen.runs, seen.cpu_of_run(idle)))
        return _median(rounds)

    def _day(self, who: Process, port: int, marker: str, rounds: int) -> _Day:
        """Scrapes as Prometheus does, at the daily interval; the first, which may have more to do, before the count."""
        _Day().scrape(who, port, marker)
        day = _Day()
        with self._traffic.counted() as count:
            before, began = clock.cpu_seconds(who.pid), time.monotonic()
            for number in range(1, rounds + 1):
                day.scrape(who, port, marker)
                time.sleep(max(began + number * self._pace.interval - time.monotonic(), 0))
            day.cpu, day.minutes = clock.cpu_seconds(who.pid) - before, (time.monotonic() - began) / 60
        day.commands, day.memory = count.commands, clock.memory(who.pid)
        return day

    def _watcher(self, name: str, at_work: tuple[str, ...], interval: str) -> Watcher:
        return Watcher(self._plan, self._binary, name, _probes(self._plan, at_work), interval)
