"""The command line, and the order of things: servers up, memory, Celery, then the works in turns, servers down."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Callable

from stack.plan import PORT_NAMES, Plan, write_secret
from stack.ports import free_ports
from stack.stack import Stack, new_folder
from stack.state import State

import celery_cost
import machine
import report
from celery_cost import CeleryCosts
from cost import Costs, Figures
from footprint import Footprint, measure_footprint
from peers import PEERS
from targets import widen
from works import WORKS, Work

MEMORY, CELERY = "memory", "celery"
# Parts of the stack that nothing else needs.
NEEDS = {MEMORY: ("worker", "beat", "alertmanager"), CELERY: ("worker", "beat")}

EPILOG = """\
The servers (nginx, Gunicorn, PostgreSQL, Redis, a Celery worker, Beat) and the exporters are started on loopback in a
temporary folder, and stopped by pid. Each work is measured in slices that take turns: our daemon with many probes of
that kind, the exporter, and the same exchange in C, compiled on the spot. All three keep the pace of the column
`per s` (an exporter as far as one scrape after the other allows), because what sleeps longer pays more for waking up.
CPU time is the process', to the nanosecond; from ours the cost of the idle daemon with the same probes is taken off.
The exporters' includes their page, since they probe when they are scraped; ours is rendered apart. The median of the
repetitions is printed.

`celery` compares our celery and beat probes with `celery inspect ping` (a process for each call) and celery-exporter on
the same broker and workers: our runs at a quick pace as above, all else at an interval of 15 s, ours being scraped as
the exporter is. What each sends to Redis is counted there, by connection. The exporter comes from PyPI and is kept in
$HEALTHD_CELERY_EXPORTER_CACHE (default: /var/tmp/healthd-celery-exporter-UID) for the next time; --smoke leaves it out
unless it is there already.

The exit code is 0 when everything was measured, whatever the figures, and 1 when something was not.
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tests/bench/run", description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [work.key for work in WORKS] + [*NEEDS]
    parser.add_argument("--only", metavar="WORK,…", help=f"some of {', '.join(names)}; default: all")
    parser.add_argument("--seconds", type=float, default=2, help="length of a slice; default: 2")
    parser.add_argument("--repeat", type=int, default=5, help="slices of each kind; default: 5")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument("--smoke", action="store_true", help="one short repetition: is every figure obtained?")
    parser.add_argument("--binary", type=Path, help="the daemon; default: HEALTHD_BINARY, else the release build's")
    chosen = parser.parse_args()
    chosen.only = chosen.only.split(",") if chosen.only else names
    if unknown := set(chosen.only) - set(names):
        parser.error(f"no such work: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if chosen.smoke:
        chosen.seconds, chosen.repeat = 0.5, 1
    return chosen


def plan_of(folder: Path) -> Plan:
    extra = [f"{mode}_{work.key}" for work in WORKS for mode in ("rest", "busy")]
    names = [*PORT_NAMES, "site_http", "site_https", *(peer.name for peer in PEERS), *celery_cost.PORT_NAMES, *extra]
    plan = Plan(folder=folder, ports=free_ports(names))
    secrets = folder / "bench-secrets"
    secrets.mkdir(mode=0o700)
    write_secret(secrets / "postgres", plan.postgres_password)
    write_secret(secrets / "redis", plan.redis_password)
    return plan


def stack_of(plan: Plan, chosen: list[str]) -> Stack:
    state = State(plan.folder / "state.json")
    state.create(plan)
    stack = Stack(plan, state)
    stack.servers |= {server.name: server for server in [*widen(plan), *(peer(plan) for peer in PEERS)]}
    needless = {part for parts in NEEDS.values() for part in parts}
    needless -= {part for section in NEEDS.keys() & set(chosen) for part in NEEDS[section]}
    stack.servers = {name: server for name, server in stack.servers.items() if name not in needless}
    return stack


def compile_floor(folder: Path) -> Path:
    """With whichever C compiler there is."""
    source = Path(__file__).with_name("floor.c")
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang-19", "clang"))), None)
    if compiler is None:
        raise RuntimeError("there is no C compiler: run ops/dev setup")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libpq", "openssl"], capture_output=True, text=True)
    program = folder / "floor"
    command = [compiler, "-O2", "-Wall", "-Wextra", str(source), "-o", str(program), *flags.stdout.split()]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"the floor does not compile:\n{flags.stderr}{done.stderr}")
    return program


class Bench:
    """One run. What cannot be measured is collected, not fatal, so that the rest is."""

    def __init__(self, chosen: argparse.Namespace, binary: Path) -> None:
        self.chosen = chosen
        self.binary = binary
        self.problems: list[str] = []
        self.measured: dict[Work, Figures] = {work: Figures() for work in WORKS if work.key in chosen.only}
        self.footprint: Footprint | None = None
        self.celery: CeleryCosts | None = None

    def run(self, stack: Stack) -> None:
        say("starting the servers")
        floor = compile_floor(stack.plan.folder)
        stack.start()
        if MEMORY in self.chosen.only:
            say("measuring memory")
            self.attempt(MEMORY, partial(self._measure_memory, stack))
        if CELERY in self.chosen.only:
            say("starting another Celery worker")
            self.attempt(CELERY, partial(self._measure_celery, stack))
        if self.measured:
            self._measure_costs(Costs(stack, self.binary, floor, self.chosen.seconds))

    def _measure_memory(self, stack: Stack) -> None:
        self.footprint = measure_footprint(stack, self.binary, self.chosen.seconds)

    def _measure_celery(self, stack: Stack) -> None:
        def part(name: str, step: Callable[[], None]) -> None:
            say(f"measuring {CELERY}, {name}")
            self.attempt(f"{CELERY}, {name}", step)

        long = celery_cost.Pace(self.chosen.seconds, self.chosen.repeat)
        pace = celery_cost.SMOKE if self.chosen.smoke else long
        self.celery = celery_cost.measure_celery(stack, self.binary, pace, part)

    def _measure_costs(self, costs: Costs) -> None:
        say("starting the idle daemons: a first run of each probe can take 10 seconds")
        with ThreadPoolExecutor(len(self.measured)) as pool:
            for work in self.measured:
                pool.submit(self.attempt, work.key, partial(costs.rest, work))
        for number in range(self.chosen.repeat):
            say(f"measuring CPU time, {number + 1} of {self.chosen.repeat}")
            for work, figures in self.measured.items():
                self.attempt(work.key, partial(costs.measure, work, figures))

    def attempt(self, what: str, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            self.problems.append(f"{what}: {type(error).__name__}: {error}")
            say(self.problems[-1])


def say(text: str) -> None:
    print(f"{text} (after {time.monotonic() - STARTED:.0f} s)", file=sys.stderr, flush=True)


STARTED = time.monotonic()


def stop_on(*signals: int) -> None:
    """As Ctrl-C does, so that the servers are stopped."""

    def stop(number: int, _: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    for number in signals:
        signal.signal(number, stop)


def main(root: Path) -> int:
    chosen = arguments()
    binary = chosen.binary or Path(os.environ.get("HEALTHD_BINARY", root / "build" / "release" / "superset-healthd"))
    if not binary.exists():
        print(f"{binary} is missing: ops/dev build release superset-healthd", file=sys.stderr)
        return 1
    stop_on(signal.SIGTERM, signal.SIGHUP)
    facts = machine.describe(binary)
    bench = Bench(chosen, binary.resolve())
    stack = stack_of(plan_of(new_folder()), chosen.only)
    try:
        bench.attempt("servers", partial(bench.run, stack))
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    finally:
        stack.stop()
    print_all(bench, facts)
    if chosen.json:
        figures = report.as_json(facts, bench.measured, bench.footprint, bench.celery, bench.problems)
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if bench.problems else 0


def print_all(bench: Bench, facts: dict[str, object]) -> None:
    lines = machine.lines(facts)
    if bench.measured:
        lines += ["", *report.cost_lines(bench.measured)]
    if bench.footprint:
        lines += ["", *report.memory_lines(bench.footprint)]
    if bench.celery:
        lines += ["", *report.celery_lines(bench.celery)]
    if bench.problems:
        lines += ["", *(f"not measured: {problem}" for problem in bench.problems)]
    print("\n".join(lines))
