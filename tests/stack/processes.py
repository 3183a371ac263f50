"""Process trees by /proc: found from a recorded root, never by name.

A pid alone may be somebody else's by now, so a process is remembered together with its start time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from .waiting import wait_until


@dataclass(frozen=True)
class Process:
    """One process, told apart from a later one with the same pid by `started` (clock ticks since boot)."""

    pid: int
    started: int

    def to_json(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True)
class Stat:
    """What /proc/PID/stat says that we need."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    terminal: int
    started: int


def read_stat(pid: int) -> Stat | None:
    """None when there is no such process. The name field may hold anything, so it is cut off first."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return Stat(pid, fields[0], int(fields[1]), int(fields[2]), int(fields[3]), int(fields[4]), int(fields[19]))


def process(pid: int) -> Process:
    """The process that has `pid` now."""
    stat = read_stat(pid)
    return Process(pid, stat.started if stat else -1)


def alive(who: Process) -> bool:
    """Runs or is stopped; a zombie is dead."""
    stat = read_stat(who.pid)
    return stat is not None and stat.started == who.started and stat.state not in "ZX"


def frozen(who: Process) -> bool:
    """Whether it is stopped by a signal."""
    stat = read_stat(who.pid)
    return stat is not None and stat.started == who.started and stat.state == "T"


def _all_stats() -> list[Stat]:
    stats = (read_stat(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())
    return [stat for stat in stats if stat is not None and stat.state not in "ZX"]


def tree(root: Process) -> list[Process]:
    """Root first, then its descendants, then those that share its group or session after losing their parent."""
    stats = _all_stats()
    found: dict[int, Process] = {}
    if alive(root):
        found[root.pid] = root
    queue = [root.pid]
    while queue:
        parent = queue.pop(0)
        for stat in stats:
            orphan = stat.group == root.pid or stat.session == root.pid
            if (stat.parent == parent or orphan) and stat.pid not in found and stat.pid != root.pid:
                if stat.started >= root.started:
                    found[stat.pid] = Process(stat.pid, stat.started)
                    queue.append(stat.pid)
    return list(found.values())


def send(who: Process, number: int) -> None:
    """A signal to exactly this process, or to nobody when it is gone."""
    if alive(who):
        try:
            os.kill(who.pid, number)
        except ProcessLookupError:
            pass


def freeze_tree(root: Process) -> list[Process]:
    """SIGSTOP for all, the root first: a stopped parent starts no further child behind our back."""
    send(root, signal.SIGSTOP)
    stopped: dict[int, Process] = {}

    def all_stopped() -> bool:
        for who in tree(root):
            stopped[who.pid] = who
            if not frozen(who):
                send(who, signal.SIGSTOP)
        return all(frozen(who) for who in tree(root))

    wait_until(all_stopped, 5, f"the tree of pid {root.pid} stopped", step=0.01)
    return list(stopped.values())


def thaw_tree(root: Process) -> None:
    """SIGCONT for all, children first, so that a parent that wakes up finds them at work."""
    for who in reversed(tree(root)):
        send(who, signal.SIGCONT)


def kill_tree(root: Process) -> None:
    """SIGKILL for all, the parent first so that it cannot respawn; returns when they are gone."""
    doomed = freeze_tree(root) if alive(root) else tree(root)
    for who in doomed:
        send(who, signal.SIGKILL)
    wait_gone(doomed)


def stop_tree(root: Process, number: int = signal.SIGTERM, seconds: float = 5) -> None:
    """Asks the root to end, then kills what is left. Works on a frozen tree as well."""
    members = tree(root)
    thaw_tree(root)
    send(root, number)
    end = time.monotonic() + seconds
    while alive(root) and time.monotonic() < end:
        reap()
        time.sleep(0.02)
    for who in {who.pid: who for who in members + tree(root)}.values():
        send(who, signal.SIGKILL)
    wait_gone(members)


def wait_gone(members: list[Process]) -> None:
    """Returns when none of them is left; a kernel that keeps one for 10 s is an error."""

    def gone() -> bool:
        reap()
        return not any(alive(who) for who in members)

    wait_until(gone, 10, "processes gone after SIGKILL", step=0.01)


_children: dict[int, subprocess.Popen[bytes]] = {}


def adopt(child: subprocess.Popen[bytes]) -> Process:
    """Registers a child so that `reap` waits for it."""
    _children[child.pid] = child
    return process(child.pid)


def reap() -> None:
    """Collects our own dead servers. A zombie postmaster would keep its lock file valid."""
    for child in list(_children.values()):
        child.poll()


def exit_code(who: Process) -> int | None:
    """Of a child that we started: None while it runs, negative for a signal."""
    return _children[who.pid].poll()


def inside(folder: Path) -> list[Process]:
    """Processes whose working directory is in `folder`: what a crashed run may have left behind.

    One with a terminal is a person who looks around there, and not ours.
    """
    found = []
    for stat in _all_stats():
        if stat.terminal:
            continue
        try:
            where = Path(os.readlink(f"/proc/{stat.pid}/cwd"))
        except OSError:
            continue
        if where == folder or folder in where.parents:
            found.append(Process(stat.pid, stat.started))
    return found
