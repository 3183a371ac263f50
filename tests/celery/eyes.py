"""A second pair of eyes: on what the daemon says of workers and Beat all the time, and on its connections to the broker."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Callable

import redis

from daemon import Daemon, Metrics

STATES = "healthd_celery_worker_state"
BEAT_STATES = "healthd_beat_state"


@dataclass
class History:
    """What was said of one worker, or of Beat: each state when it was first seen in a row."""

    states: list[tuple[float, str]] = field(default_factory=list)

    def add(self, state: str) -> None:
        if not self.states or self.states[-1][1] != state:
            self.states.append((time.monotonic(), state))

    def last(self) -> str:
        return self.states[-1][1] if self.states else "absent"

    def since(self, moment: float) -> set[str]:
        """All states that it had after the moment, the one that it had at the moment included."""
        before = [state for when, state in self.states if when <= moment][-1:]
        return {*before, *(state for when, state in self.states if when > moment)}

    def __str__(self) -> str:
        first = self.states[0][0] if self.states else 0
        return " ".join(f"{when - first:.1f}s:{state}" for when, state in self.states)


def states_of(metrics: Metrics, family: str, label: str) -> dict[str, str]:
    """Who is in which state. Exactly one is 1 for each."""
    found: dict[str, list[str]] = {}
    for labels, value in metrics.all(family):
        found.setdefault(labels.get(label, ""), []).extend([labels["state"]] * int(value))
    return {name: states[0] if len(states) == 1 else f"not one state but {states}" for name, states in found.items()}


class Eyes:
    """Looks several times a second, on a thread of its own."""

    def __init__(self, daemon: Daemon, admin: Callable[[], redis.Redis]) -> None:
        self._daemon = daemon
        self._admin = admin
        self._redis = admin()
        self.workers: dict[str, History] = {}
        self.beats: dict[str, History] = {}  # by probe
        self.most_connections = 0
        self._before = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="eyes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(15)

    def _watch(self) -> None:
        while not self._stopping.wait(0.15):
            try:
                self._look(self._daemon.metrics())
            except (OSError, http.client.HTTPException):
                pass  # the daemon ends; whether it may is the row's business
            try:
                self._count_connections()
            except (redis.RedisError, OSError):
                self._before = 0  # frozen or gone: what it held before counts for nothing
                self._redis.close()
                self._redis = self._admin()

    def _look(self, metrics: Metrics) -> None:
        for node, state in states_of(metrics, STATES, "worker").items():
            self.workers.setdefault(node, History()).add(state)
        for probe, state in states_of(metrics, BEAT_STATES, "probe").items():
            self.beats.setdefault(probe, History()).add(state)

    def _count_connections(self) -> None:
        """A connection that is replaced is there twice for a moment, so two looks have to agree."""
        clients: list[dict[str, Any]] = self._redis.client_list()
        now = sum(client["name"] == "superset-healthd" for client in clients)
        self.most_connections = max(self.most_connections, min(now, self._before))
        self._before = now
