"""A watch over workers and Beat. What must hold in every row, beside the invariants of tests/faults, is checked at its end.

Nobody is accused whom the row does not name: no worker has another state than healthy, no probe but the one under test
anything but good runs, no alert fires. And nothing of ours stays on the broker, to which we never held too many
connections.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import celery_traces
from daemon import Run
from eyes import Eyes
from row import Probe, Watch
from stack.waiting import wait_until

if TYPE_CHECKING:
    from celery_room import CeleryRoom
    from servers_of_celery import Worker

# The longest time until each verdict, from the moment of the fault.
DETECTED_WITHIN = {
    "healthy": 15, "unknown": 15, "stopped": 15, "saturated": 10, "detached": 10, "hung": 22, "busy_solo": 22, "dead": 30,
    "catatonic": 45,
}  # fmt: skip
SESSIONS = 3  # commands, replies and events, for the celery and the beat probe together


def detail(run: Run, check: str) -> str:
    """What a check says in words."""
    return " ".join(each["detail"] for each in run.json["checks"] if each["name"] == check)


class CeleryWatch(Watch):
    """As a row's watch, with words for workers and Beat."""

    def __init__(self, room: CeleryRoom, probes: list[Probe], overrides: dict[str, Any]) -> None:
        super().__init__(room.bench, probes)
        self.room = room
        self._overrides = overrides
        self._involved = {self.target}
        self._states: dict[str, set[str]] = {}  # what the row expects to be said, by worker
        self._alerts: list[dict[str, str]] = []
        self._began = 0.0
        self._seen: dict[str, int] = {}  # runs before the fault, by probe

    def _configuration(self, port: int) -> dict[str, Any]:
        """With a stack of the row's own: the name under which workers reply follows from it."""
        stack = f"celery{self.room.running.port}"
        return super()._configuration(port) | {"stack": stack, "alerts": {"overrides": self._overrides}}

    def __enter__(self) -> CeleryWatch:
        super().__enter__()
        self.eyes = Eyes(self.daemon, self.room.brief_admin)
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.eyes.stop()
        try:
            if kind is None:
                self._check_verdicts()
        except BaseException:
            kind = AssertionError
            raise
        finally:
            super().__exit__(kind, *rest)
        celery_traces.check(self.room)

    def _explain(self) -> None:
        super()._explain()
        for name, history in {**self.eyes.workers, **self.eyes.beats}.items():
            print(f"--- the states of {name}: {history}")
        print("--- alerts:", *self.watcher.fired, sep="\n  ")
        for worker in self.room.workers:
            print(f"--- the end of {worker.node}'s log:\n{worker.server.log_tail(8)}")

    # --- what a row says ---------------------------------------------------------------------------------------------

    def healthy(self, *workers: Worker) -> None:
        """Every probe is up and every worker healthy; of these workers only, where some are named."""
        super().healthy()
        for worker in workers or self.room.workers:
            self._wait_for_state(worker.node, "healthy", 25)
        self._begin()

    def begun(self) -> None:
        super().begun()
        self._begin()

    def _begin(self) -> None:
        self._began = time.monotonic()
        self._seen = {probe["name"]: len(self.runs(probe["name"])) for probe in self._probes}

    def worker(self, worker: Worker, state: str, within: float | None = None) -> None:
        """Waits until that is said of the worker. It may be said of no other, unless the row says so as well."""
        self._states.setdefault(worker.node, {"unknown"}).add(state)
        self._wait_for_state(worker.node, state, within or DETECTED_WITHIN[state])

    def excuses(self, *states: str) -> None:
        """These may be said of every worker meanwhile: the fault is not theirs, and they are not accused."""
        for worker in self.room.workers:
            self._states.setdefault(worker.node, set()).update(states)

    def involves(self, *probes: str) -> None:
        """The fault is these probes' business, too."""
        self._involved.update(probes)

    def raises(self, alert: str, within: float = 15, **labels: str) -> None:
        """Waits until it fires."""
        wanted = {"alertname": alert, **labels}
        self._alerts.append(wanted)
        self._wait(lambda: self._fired(wanted), within, f"{wanted} fires")

    def may_raise(self, alert: str, **labels: str) -> None:
        self._alerts.append({"alertname": alert, **labels})

    def accuses_anybody(self) -> None:
        """For rows that only look at the end."""
        for worker in self.room.workers:
            self._states[worker.node] = set(DETECTED_WITHIN)
        self.involves(*(probe["name"] for probe in self._probes))
        self._alerts.append({})

    def beat(self, state: str, within: float = 15, probe: str = "beat") -> None:
        """Waits until that is said of Beat."""
        eyes = self.eyes
        self._wait(lambda: probe in eyes.beats and eyes.beats[probe].last() == state, within, f"Beat is {state}", probe)

    def metric(self, name: str, value: float, within: float = 15, **labels: str) -> None:
        """Waits for it."""
        self._wait(lambda: self.metrics().value(name, **labels) == value, within, f"{name} {labels} is {value}")

    # --- what it looks at --------------------------------------------------------------------------------------------

    def state(self, worker: Worker) -> str:
        history = self.eyes.workers.get(worker.node)
        return history.last() if history else "absent"

    def _fired(self, wanted: dict[str, str]) -> bool:
        return any(wanted.items() <= labels.items() for labels in list(self.watcher.fired))

    def _wait_for_state(self, node: str, state: str, within: float) -> None:
        eyes = self.eyes
        seen = eyes.workers
        self._wait(lambda: node in seen and seen[node].last() == state, within, f"{node} is {state}", "workers")

    # --- what must hold ----------------------------------------------------------------------------------------------

    def _check_verdicts(self) -> None:
        for node, history in self.eyes.workers.items():
            wrong = history.since(self._began) - {"healthy"} - self._states.get(node, set())
            assert not wrong, f"{node} is called {' and '.join(wrong)}: {history}"
        for probe in [probe["name"] for probe in self._probes if probe["name"] not in self._involved]:
            wrong_runs = [str(run) for run in self.runs(probe)[self._seen.get(probe, 0) :] if run.status != "up"]
            assert not wrong_runs, f"{probe} has nothing to do with the fault: {wrong_runs}"
        accused = [each for each in self.watcher.fired if not any(may.items() <= each.items() for may in self._alerts)]
        assert not accused, f"alerts that the row does not know: {accused}"
        most = SESSIONS + sum(probe["kind"] == "redis" for probe in self._probes)
        assert self.eyes.most_connections <= most, f"{self.eyes.most_connections} connections to the broker, at most {most}"
