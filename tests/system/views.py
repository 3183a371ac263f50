"""How the tests look at the stack: the daemon's pages and metrics, and the real Alertmanager."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from stack.plan import Plan

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Sample:
    """One line of /metrics."""

    name: str
    labels: dict[str, str]
    value: float


def fetch(url: str, timeout: float = 5) -> tuple[int, str]:
    """Status and body; an HTTP error is a status as well."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Views:
    """Read-only eyes on one stack."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.slowest_metrics = 0.0

    def page(self, path: str) -> tuple[int, str]:
        return fetch(self.plan.healthd_url + path)

    def status(self) -> dict[str, Any]:
        code, body = self.page("/api/v1/status")
        assert code == 200, body
        return json.loads(body)

    def metrics(self) -> list[Sample]:
        """All samples; remembers how long the slowest answer took."""
        began = time.monotonic()
        code, body = self.page("/metrics")
        self.slowest_metrics = max(self.slowest_metrics, time.monotonic() - began)
        assert code == 200, body
        matches = (_SAMPLE.match(line) for line in body.splitlines() if not line.startswith("#"))
        return [Sample(m[1], dict(_LABEL.findall(m[2] or "")), float(m[3])) for m in matches if m]

    def alertmanager(self) -> list[dict[str, Any]]:
        """What Alertmanager holds as firing, but for the watchdog, which always does."""
        code, body = fetch(f"{self.plan.alertmanager_url}/api/v2/alerts")
        assert code == 200, body
        return [alert for alert in json.loads(body) if alert["labels"]["severity"] != "none"]

    def firing(self) -> dict[str, dict[str, Any]]:
        """By alert name."""
        return {alert["labels"]["alertname"]: alert for alert in self.alertmanager()}

    def not_up(self) -> dict[str, str]:
        """Probes that are not up, with the reason."""
        probes = self.status()["probes"]
        return {p["name"]: f"{p['state']} {p.get('reason', '')}: {p.get('detail', '')}" for p in probes if p["state"] != "up"}

    def lateness(self) -> dict[str, tuple[float, float]]:
        """For each probe: how many runs began within 100 ms of their time, and how many in all."""
        name = "healthd_probe_start_lateness_seconds"
        samples = self.metrics()
        within = {s.labels["probe"]: s.value for s in samples if s.name == f"{name}_bucket" and s.labels["le"] == "0.1"}
        total = {s.labels["probe"]: s.value for s in samples if s.name == f"{name}_count"}
        assert within.keys() == total.keys() and total, "the lateness histogram has a bucket of 0.1 s for each probe"
        return {probe: (within[probe], total[probe]) for probe in total}
