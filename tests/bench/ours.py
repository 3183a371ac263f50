"""Our daemon, with many probes of one kind, or with the whole stack."""

from __future__ import annotations

import re
from pathlib import Path

from stack.healthd import DEMO, Healthd, Tempo
from stack.plan import Plan
from stack.server import Server

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

_RUNS = re.compile(r"^healthd_probe_runs_total\{.*\} (\S+)$", re.MULTILINE)
_FAILURES = re.compile(r"^healthd_probe_failures_total\{.*\} (\S+)$", re.MULTILINE)


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
        return [str(self._binary), "run", f"--config.file={self.room}/config.yaml", "--log.format=text"]

    def ready(self) -> bool:
        """Each probe has a first result, so that what is done only once is done."""
        return wire.status(self.port, "/-/ready") == 200


class Runs:
    """Finished runs, and the failed ones among them, over all probes of a daemon."""

    def __init__(self, page: str) -> None:
        self.all = sum(float(value) for value in _RUNS.findall(page))
        self.failed = sum(float(value) for value in _FAILURES.findall(page))


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
