"""One server of each protocol, for rows whose fault is below all protocols."""

from __future__ import annotations

from typing import Any

import pytest

from gate import Gate
from row import Bench, Probe

TARGETS = ["web", "redis", "postgres"]
each_target = pytest.mark.parametrize("target", TARGETS)


def probe_of(bench: Bench, target: str, port: int, **options: Any) -> Probe:
    make = {"redis": bench.redis_probe, "postgres": bench.postgres_probe}.get(target, bench.http_probe)
    kind = {"web": "nginx"}.get(target, target)
    return make(port, **{"kind": kind, **options})


def through_a_gate(bench: Bench, target: str, **options: Any) -> tuple[Gate, Probe]:
    """A gate before one of the shared servers, and the probe that goes through it."""
    gate = bench.gate(getattr(bench, "web" if target in ("nginx", "gunicorn") else target))
    return gate, probe_of(bench, target, gate.port, **options)


class Three:
    """One target of each protocol, at ports that no other probe uses."""

    def __init__(self, island: Bench, **options: Any) -> None:
        self.gates = [island.gate(getattr(island, target)) for target in TARGETS]
        self.probes = [
            probe_of(island, target, gate.port, name=target, **options) for target, gate in zip(TARGETS, self.gates)
        ]
        self.ports = "{" + ", ".join(str(gate.port) for gate in self.gates) + "}"
