"""Our daemon, with many probes of one kind, or with the whole stack."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from stack.healthd import DEMO, Healthd, Tempo
from stack.plan import Plan
from stack.server import Server

import clock
import wire
from works import PACE_SECONDS

PACE = f"{PACE_SECONDS * 1000:.0f}ms"
AT_REST = "1h"

CONFIGURATION = """\
stack: bench
web: {{listen_address: "127.0.0.1:{port}"}}
defaults: {{interval: {interval}, timeout: {timeout}}}
probes:
{probes}"""

# On a busy machine, a late run, or one of fifty, is no reason to throw the others away.
MOST_FAILED = 0.02


class Watcher(Server):
    """`superset-healthd run` with nothing but the given probes."""

    def __init__(self, plan: Plan, binary: Path, name: str, probes: str, interval: str) -> None:
        super().__init__(plan)
        self.name = name
        self._binary = binary
        self._probes = probes
        self._interval = interval

    @property
    def port(self) -> int:
        return self.plan.ports[self.name]

    def prepare(self) -> None:
        timeout = "5s" if self._interval == AT_REST else self._interval
        text = CONFIGURATION.format(port=self.port, interval=self._interval, timeout=timeout, probes=self._probes)
        (self.room / "config.yaml").write_text(text)

    def command(self) -> list[str]:
        return [str(self._binary), "run", f"--config.file={self.room}/config.yaml", "--log.format=text",
                f"--storage.path={self.room}"]

    def ready(self) -> bool:
        """Each probe has a first result, so that what is done only once is done."""
        return wire.status(self.port, "/-/ready") == 200


class Runs:
    """Finished runs, the failed ones among them, and how long all of them took: of one kind of probe, or of all."""

    def __init__(self, page: str, kind: str = "", fine: str = "none") -> None:
        """A run whose failure has the reason `fine` did its work all the same."""
        lines = [line for line in page.splitlines() if f'kind="{kind}' in line]  # no kind is a part of each
        self.all = _total(lines, "healthd_probe_runs_total")
        self.seconds = _total(lines, "healthd_probe_duration_seconds_sum")
        self.failed = _total((line for line in lines if f'reason="{fine}"' not in line), "healthd_probe_failures_total")


def _total(lines: Iterable[str], name: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + "{"))


@dataclass(frozen=True)
class Slice:
    """A while of a daemon at work, in seconds."""

    runs: float
    wall: float  # of all runs together
    cpu: float
    lasted: float

    def cpu_of_run(self, idle: float) -> float:
        """Without what the idle daemon costs in a second."""
        return (self.cpu - idle * self.lasted) / self.runs


def idle_cost(pid: int, seconds: float) -> float:
    """CPU seconds per second. A second at least, for some of it happens once in a second."""
    before, began = clock.cpu_seconds(pid), time.monotonic()
    time.sleep(max(seconds, 1))
    return (clock.cpu_seconds(pid) - before) / (time.monotonic() - began)


def watch_runs(pid: int, port: int, seconds: float, kind: str = "", fine: str = "none") -> Slice:
    """The scrapes that count the runs lie outside of the span whose CPU time is taken."""
    with wire.Scraper(port) as scraper:
        first = Runs(scraper.get("/metrics"), kind, fine)
        before, began = clock.cpu_seconds(pid), time.monotonic()
        time.sleep(seconds)
        spent, lasted = clock.cpu_seconds(pid) - before, time.monotonic() - began
        last = Runs(scraper.get("/metrics"), kind, fine)
    done, failed = last.all - first.all, last.failed - first.failed
    if failed == done or failed > max(1, done * MOST_FAILED):
        raise wire.Unexpected(f"{failed:.0f} of {done:.0f} runs of our {kind or 'probes'} failed")
    return Slice(done, last.seconds - first.seconds, spent, lasted)


# The whole stack as the demo watches it, and under load: each probe twice a second.
DAILY = DEMO
BUSY = Tempo("demo", interval="500ms", timeout="500ms", retry="500ms", keep="15s", keep_max="15s", webhook=False,
             overrides="{}")  # fmt: skip


class BusyHealthd(Healthd):
    """Takes the place of the daily one, whose files are there."""

    def __init__(self, plan: Plan, binary: Path) -> None:
        super().__init__(plan, binary, BUSY)

    def prepare(self) -> None:
        self.config_file.write_text(self._configuration(self.plan.folder / "secrets"))
