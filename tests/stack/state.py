"""The state file: which processes belong to a running stack, so that any terminal can break and mend it."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

from .plan import Plan
from .processes import Process, alive, process


class NotOurs(RuntimeError):
    """The file belongs to somebody else: its pids are not to be trusted."""


class State:
    """A small JSON file, replaced as a whole under a lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, plan: Plan) -> None:
        """Of a stack that this process supervises."""
        self._write({"plan": plan.to_json(), "supervisor": process(os.getpid()).to_json(), "servers": {}})

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._lock_path.unlink(missing_ok=True)

    def exists(self) -> bool:
        return self.path.exists()

    def plan(self) -> Plan:
        return Plan.from_json(self._read()["plan"])

    def supervisor(self) -> Process:
        return Process(**self._read()["supervisor"])

    def supervised(self) -> bool:
        """Whether the process that started the stack still runs."""
        return self.exists() and alive(self.supervisor())

    def servers(self) -> dict[str, Process]:
        return {name: Process(**entry) for name, entry in self._read()["servers"].items()}

    def record(self, name: str, who: Process) -> None:
        with self._locked():
            data = self._read()
            data["servers"][name] = who.to_json()
            self._write(data)

    @property
    def _lock_path(self) -> Path:
        return self.path.with_suffix(".lock")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock_path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self) -> dict[str, Any]:
        if self.path.lstat().st_uid != os.geteuid():
            raise NotOurs(f"{self.path} belongs to another user: remove it, or run as that user")
        return json.loads(self.path.read_text())

    def _write(self, data: dict[str, Any]) -> None:
        """Private, since it holds the throw-away passwords; by rename, since others may read at any moment."""
        new = self.path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
            json.dump(data, file, indent=2)
        new.replace(self.path)
