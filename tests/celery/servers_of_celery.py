"""Workers and Beats of a row, run by the Celery under test."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from servers import Running
from stack import processes
from stack.plan import Plan
from stack.processes import Process
from stack.server import Server

# HEALTHD_CELERY_PYTHON: that of an environment with another Celery than the system's.
PYTHON = os.environ.get("HEALTHD_CELERY_PYTHON", "/usr/bin/python3")


class _Celery(Server):
    """What both have in common."""

    stop_signal = signal.SIGKILL  # a row is over: nobody waits for its tasks
    ready_line = ""

    def __init__(self, plan: Plan, name: str, folder: Path, settings: dict[str, Any], *arguments: str) -> None:
        super().__init__(plan)
        self.name = name
        self._folder = folder
        self._settings = settings
        self._arguments = arguments

    def command(self) -> list[str]:
        """Behind the daemon: starting Celery costs a second of the processor, and other rows measure meanwhile."""
        return ["/usr/bin/nice", "-n", "5", PYTHON, "-m", "celery", "-A", "application", *self._arguments]

    def environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(self._folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SETTINGS": json.dumps(self._settings),
            "C_FORCE_ROOT": "1",  # for pickle, which Celery does not take as root otherwise
            "HOME": str(self.room),
        }

    def ready(self) -> bool:
        return self.ready_line in self.log_since_start()


class WorkerServer(_Celery):
    ready_line = " ready."


class BeatServer(_Celery):
    ready_line = "beat: Starting..."


class Worker(Running[WorkerServer]):
    """One worker, with its pool."""

    @property
    def node(self) -> str:
        return f"{self.server.name}@test"

    @property
    def pid(self) -> int:
        return self.process.pid

    def children(self) -> list[Process]:
        """The processes of its pool."""
        return processes.tree(self.process)[1:]

    def signal(self, number: int) -> None:
        """To the worker itself, not to its pool."""
        processes.send(self.process, number)

    def stop_child(self) -> Process:
        """SIGSTOP for one process of its pool."""
        child = self.children()[0]
        processes.send(child, signal.SIGSTOP)
        return child

    def alive(self) -> bool:
        processes.reap()
        return processes.alive(self.process)

    def log(self) -> str:
        return self.server.log_since_start()
