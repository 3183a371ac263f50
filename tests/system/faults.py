"""The table of faults: what is done to which part, and what may be said about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pace import DETECT, DETECT_BEAT

How = Literal["kill", "freeze", "freeze_root"]


@dataclass(frozen=True)
class Fault:
    """`also` may be said in addition, because it is true; anything else accuses an innocent part."""

    part: str
    how: How
    alert: str
    probe: str
    also: frozenset[str] = frozenset()
    within: float = DETECT

    def __str__(self) -> str:
        return f"{self.part}-{self.how}"


@dataclass(frozen=True)
class _Row:
    part: str
    alert: str
    probe: str
    also: frozenset[str] = frozenset()
    within: float = DETECT


_ROWS = (
    _Row("nginx", "SupersetEdgeDown", "edge"),
    _Row("gunicorn", "SupersetWebDown", "app", also=frozenset({"SupersetUpstreamUnavailable"})),
    _Row("postgres", "PostgresDown", "metadata"),
    _Row("redis", "RedisDown", "broker"),
    _Row("worker", "CeleryNoWorkers", "workers"),
    _Row("beat", "CeleryBeatDown", "beat", within=DETECT_BEAT),
)

FAULTS: list[Fault] = [
    Fault(row.part, how, row.alert, row.probe, row.also, row.within) for row in _ROWS for how in ("kill", "freeze")
] + [
    # New connections hang while the kept session lives: a plain "is the session alive" check would see nothing.
    Fault("postgres", "freeze_root", "PostgresDown", "metadata"),
]
