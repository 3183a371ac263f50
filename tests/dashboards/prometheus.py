"""A real Prometheus that scrapes the daemon every second, and the few questions that the tests ask it."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stack.plan import Plan
from stack.ports import free_ports
from stack.server import Server

PROGRAM = Path("/usr/bin/prometheus")
JOB = "superset-healthd"
SETTINGS = """\
global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: ["127.0.0.1:{healthd}"]}}]
  # A stranger that has process_* metrics too: no panel may show it.
  - job_name: prometheus
    static_configs: [{{targets: ["127.0.0.1:{own}"]}}]
"""


@dataclass
class Answer:
    """What came of one query. `error` is empty when it succeeded."""

    error: str = ""
    warnings: list[str] = field(default_factory=list)
    series: list[tuple[dict[str, str], float]] = field(default_factory=list)


class Prometheus(Server):
    """Debian's, on loopback, with its data in the stack's folder."""

    name = "prometheus"

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.port = free_ports(["prometheus"])["prometheus"]

    def prepare(self) -> None:
        assert PROGRAM.exists(), f"{PROGRAM} is missing: ops/dev setup"
        text = SETTINGS.format(job=JOB, healthd=self.plan.ports["healthd"], own=self.port)
        (self.room / "prometheus.yml").write_text(text)

    def command(self) -> list[str]:
        return [
            str(PROGRAM), f"--config.file={self.room}/prometheus.yml", f"--storage.tsdb.path={self.room}/data",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn",
        ]  # fmt: skip

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError:
            return False

    def query(self, expression: str, at: float) -> Answer:
        """The instant query, as of the moment `at`."""
        body = self._get("query", query=expression, time=f"{at:.3f}")
        if body["status"] != "success":
            return Answer(error=f"{body['errorType']}: {body['error']}")
        found = body["data"]
        rows = [{"metric": {}, "value": found["result"]}] if found["resultType"] == "scalar" else found["result"]
        series = [(row["metric"], float(row["value"][1])) for row in rows]
        return Answer(warnings=body.get("warnings", []) + body.get("infos", []), series=series)

    def metric_names(self) -> set[str]:
        """Of the daemon alone."""
        return set(self._get("label/__name__/values", **{"match[]": f'{{job="{JOB}"}}'})["data"])

    def label_values(self, selector: str, label: str) -> list[str]:
        """As Grafana answers label_values(selector, label)."""
        body = self._get("series", **{"match[]": selector})
        if body["status"] != "success":
            raise ValueError(body["error"])
        return sorted({row[label] for row in body["data"] if label in row})

    def _get(self, path: str, **arguments: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return dict(json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            return dict(json.loads(error.read()))
