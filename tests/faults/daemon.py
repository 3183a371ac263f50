"""The daemon under test, and a pair of eyes that looks at it all the time."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.waiting import wait_until

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
STOP_SECONDS = 10


@dataclass(frozen=True)
class Run:
    """One finished run of a probe."""

    probe: str
    began: str
    status: str
    reason: str
    detail: str
    seconds: float
    json: dict[str, Any]

    def check(self, name: str) -> tuple[str, str]:
        """Status and reason of one check."""
        for each in self.json["checks"]:
            if each["name"] == name:
                return each["status"], each["reason"]
        return "absent", "absent"

    def __str__(self) -> str:
        return f"{self.began} {self.status} {self.reason} after {self.seconds:.3f} s: {self.detail}"


class Metrics:
    """One answer of /metrics."""

    def __init__(self, text: str) -> None:
        self._samples = [(m[1], dict(_LABEL.findall(m[2] or "")), float(m[3])) for m in _SAMPLE.finditer(text)]

    def all(self, name: str, **labels: str) -> list[tuple[dict[str, str], float]]:
        wanted = labels.items()
        return [(own, value) for sample, own, value in self._samples if sample == name and wanted <= own.items()]

    def value(self, name: str, **labels: str) -> float | None:
        """The sum of what fits; None where nothing does."""
        found = [value for _, value in self.all(name, **labels)]
        return sum(found) if found else None


class Daemon:
    """`superset-healthd run` in a folder of its own."""

    def __init__(self, command: list[str], port: int, folder: Path) -> None:
        self.port = port
        self.log = folder / "healthd.log"
        with self.log.open("wb") as out:
            environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
            environment |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def page(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        assert answer.status == 200, f"{path}: {answer.status} {text[:500]}"
        return text

    def status(self) -> dict[str, Any]:
        return json.loads(self.page("/api/v1/status"))

    def metrics(self) -> Metrics:
        return Metrics(self.page("/metrics"))

    def wait_ready(self) -> None:
        def listens() -> bool:
            assert self.process.poll() is None, f"the daemon ended at once:\n{self.log_text()}"
            try:
                return bool(self.page("/-/healthy"))
            except OSError:
                return False

        wait_until(listens, 15, "the daemon's web server answers", step=0.02)

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident(self) -> int:
        """Bytes."""
        return self._proc_status("VmRSS") * 1024

    def threads(self) -> int:
        return self._proc_status("Threads")

    def _proc_status(self, key: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{key}:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> tuple[int, float]:
        """Exit code of a stop in order, and how long it took. Raises when it takes too long."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS + 1)
        return code, time.monotonic() - began

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Watcher:
    """Reads the status page over and over on a thread of its own, and remembers every run that it saw."""

    def __init__(self, daemon: Daemon, secret: str) -> None:
        self._daemon = daemon
        self._secret = secret
        self._runs: dict[tuple[str, str], Run] = {}
        self._stopping = threading.Event()
        self.peak_resident = 0
        self.secret_seen = False
        self.alerts: set[tuple[str, str]] = set()  # name and probe of those that ever fired
        self.fired: list[dict[str, str]] = []  # all labels of these
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(10)

    def runs(self, probe: str) -> list[Run]:
        """In order, without those that were too short to be seen."""
        return [run for run in list(self._runs.values()) if run.probe == probe]

    def all_runs(self) -> list[Run]:
        return list(self._runs.values())

    def _watch(self) -> None:
        while not self._stopping.wait(0.04):
            try:
                text = self._daemon.page("/api/v1/status")
                self.peak_resident = max(self.peak_resident, self._daemon.resident())
            except (OSError, http.client.HTTPException):
                continue  # the daemon ends; whether it may is the row's business
            self.secret_seen |= self._secret in text
            self._remember(json.loads(text))

    def _remember(self, status: dict[str, Any]) -> None:
        for alert in status["alerts"]:
            if alert["state"] == "firing" and alert["labels"]["severity"] != "none":  # the watchdog always fires
                self.alerts.add((alert["labels"]["alertname"], alert["labels"].get("probe", "")))
                if alert["labels"] not in self.fired:
                    self.fired.append(alert["labels"])
        for probe in status["probes"]:
            if probe["started_at"] is None:
                continue
            key = (probe["name"], probe["started_at"])
            if key in self._runs:
                continue
            self._runs[key] = Run(
                *key, probe["status"], probe["reason"], probe["detail"], probe["duration_seconds"], probe
            )
