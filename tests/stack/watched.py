"""The whole stack with the daemon in it, and a receiver: what suites start for a session."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from .healthd import Healthd, Tempo
from .plan import Plan
from .receiver import Receiver
from .stack import Stack, new_folder
from .state import State


@dataclass
class Watched:
    stack: Stack
    healthd: Healthd
    receiver: Receiver

    @property
    def pid(self) -> int:
        """Of the daemon."""
        return self.stack.root(self.healthd.name).pid


@contextmanager
def watched_stack(binary: Path, tempo: Tempo, beat_every: float) -> Iterator[Watched]:
    """All of it runs; all of it ends. The daemon's last words are printed, for a failure of the last test."""
    folder = new_folder()
    plan = Plan.make(folder, beat_every=beat_every, group_wait="500ms", group_interval="1s")
    state = State(folder / "state.json")
    state.create(plan)
    receiver = Receiver(plan.ports["receiver"])
    stack = Stack(plan, state)
    healthd = Healthd(plan, binary, tempo)
    try:
        stack.start()
        stack.servers[healthd.name] = healthd
        healthd.prepare()
        stack.launch(healthd)
        yield Watched(stack, healthd, receiver)
    finally:
        if healthd.log.exists():
            print(f"the daemon's last words:\n{healthd.log_tail(40)}")
        stack.stop()
        receiver.close()
