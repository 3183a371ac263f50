"""The table of faults: what is done to which part, and what may be said about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from pace import DETECT, DETECT_BEAT

How = Literal["kill", "freeze", "freeze_root"]


@dataclass(frozen=True)
class Fault:
    """`also` may be said in addition, because it is true; anything else accuses an innocent part.

    `afterwards` may be said once the part is mended, by others that need time to come back.
    """

    part: str
    how: How
    alert: str
    probe: str
    also: frozenset[str] = frozenset()
    afterwards: frozenset[str] = frozenset()
    within: float = DETECT

    def __str__(self) -> str:
        return f"{self.part}-{self.how}"


# Each with its first way to fail; the table below adds the others.
_PARTS = (
    Fault("nginx", "kill", "SupersetEdgeDown", "edge"),
    Fault("gunicorn", "kill", "SupersetWebDown", "app"),
    Fault("postgres", "kill", "PostgresDown", "metadata"),
    # A worker must be started again after its broker was; on a slow machine that takes longer than three probes.
    Fault("redis", "kill", "RedisDown", "broker", afterwards=frozenset({"CeleryNoWorkers"})),
    Fault("worker", "kill", "CeleryNoWorkers", "workers"),
    Fault("beat", "kill", "CeleryBeatDown", "beat", within=DETECT_BEAT),
)

FAULTS: list[Fault] = [replace(part, how=how) for part in _PARTS for how in ("kill", "freeze")]
# New connections hang while the kept session lives: a plain "is the session alive" check would see nothing.
FAULTS.append(Fault("postgres", "freeze_root", "PostgresDown", "metadata"))
