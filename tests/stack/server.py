"""One server of the stack: how it is prepared, started and asked whether it is ready."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from pathlib import Path

from . import processes
from .plan import Plan
from .processes import Process
from .waiting import TimedOut, wait_until


class DidNotStart(RuntimeError):
    """A server is not ready; the message ends with the tail of its own log."""


class Server:
    """Subclasses say what to run; this class runs it in a process group of its own."""

    name = ""
    stop_signal: int = signal.SIGTERM
    start_seconds: float = 30
    after: tuple[str, ...] = ()  # servers that must be ready before this one starts
    takes_along: tuple[str, ...] = ()  # servers that are of no use any more once this one was killed

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._log_from = 0

    def prepare(self) -> None:
        """Files that must exist before the first start."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Beside PATH and the locale; nothing of the caller's leaks in."""
        return {}

    def user(self) -> str | None:
        """Another user to run as; only asked when we are root."""
        return None

    def ready(self) -> bool:
        """True once it does its work. May raise OSError while it does not."""
        raise NotImplementedError

    @property
    def room(self) -> Path:
        return self.plan.room(self.name)

    @property
    def log(self) -> Path:
        return self.room / f"{self.name}.log"

    def start(self) -> Process:
        """Starts it and returns at once."""
        self.log.touch(mode=0o644)
        self._log_from = self.log.stat().st_size
        with self.log.open("ab") as out:
            child = subprocess.Popen(
                self.command(),
                cwd=self.room,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **run_as(self.user()),  # type: ignore[call-overload]
            )
        return processes.adopt(child)

    def wait_ready(self, who: Process) -> None:
        """Raises DidNotStart when it ends or takes too long."""

        def settled() -> str:
            processes.reap()
            if not processes.alive(who):
                return "ended"
            try:
                return "ready" if self.ready() else ""
            except OSError:
                return ""

        try:
            outcome = wait_until(settled, self.start_seconds, f"{self.name} ready", step=0.1)
        except TimedOut:
            outcome = f"is not ready after {self.start_seconds:g} s"
        if outcome != "ready":
            raise DidNotStart(f"{self.name} {outcome}; the end of {self.log}:\n{self.log_tail()}")

    def log_since_start(self) -> str:
        with self.log.open("rb") as text:
            text.seek(self._log_from)
            return text.read().decode(errors="replace")

    def log_tail(self, lines: int = 15) -> str:
        return "\n".join(f"  | {line}" for line in self.log_since_start().splitlines()[-lines:])


def run_as(user: str | None) -> dict[str, object]:
    """Arguments of Popen that change the user, where we may and where that is asked for."""
    if user is None or os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def unprivileged_user() -> str:
    """For a server that refuses root."""
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
            return name
        except KeyError:
            continue
    raise RuntimeError("neither the user postgres nor nobody exists; PostgreSQL refuses to run as root")
