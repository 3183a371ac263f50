"""A room of our own for a Docker Engine: its own network, processes and mounts.

Everything that is started in here sees the host's files, but ports, iptables rules, bridges and process numbers are the room's.
So the deployment runs on the very ports that it ships, beside whatever else the host runs, and the kernel clears all of it away
when the room's first process ends: containers, rules and bridges cannot be left behind.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Callable, TypeVar

from stack import processes
from stack.network import in_network_of
from stack.processes import Process
from stack.waiting import wait_until

Value = TypeVar("Value")

# The first process of the room. What is written below /etc and /opt stays in the room; bash waits for orphans.
FIRST = """\
set -e
mount --make-rprivate /
ip link set lo up
for name in etc opt; do
  mount -t overlay overlay -o "lowerdir=/$name,upperdir=$1/$name,workdir=$1/$name.work" "/$name"
done
mount -t tmpfs tmpfs /run
mkdir /run/lock
touch "$1/open"
while true; do sleep 3600 & wait $! || true; done
"""


class CannotRun(RuntimeError):
    """This machine cannot do it; the message says what is missing."""


class Room:
    """`run` and `start` work inside; files below `folder` are the same on both sides."""

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise CannotRun("it needs root")
        for program in ("unshare", "nsenter", "ip"):
            if not shutil.which(program):
                raise CannotRun(f"the program {program} is missing")
        self.folder = Path(tempfile.mkdtemp(prefix="superset-healthd-engine-"))
        self.folder.chmod(0o755)
        self.environment = {"PATH": f"{self.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        for name in ("bin", "etc", "etc.work", "opt", "opt.work"):
            (self.folder / name).mkdir()
        self._log = self.folder / "room.log"
        with self._log.open("wb") as out:
            command = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
                       "bash", "-c", FIRST, "bash", str(self.folder)]  # fmt: skip
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        self._outer = processes.adopt(child)
        try:
            wait_until(lambda: (self.folder / "open").exists() or child.poll() is not None, 10, "the room is open")
            if child.poll() is not None:
                raise CannotRun("no namespaces of our own: " + self._log.read_text().strip().replace("\n", "; "))
            self._inner = self._first_process()
        except BaseException:
            self.close()
            raise

    def _first_process(self) -> Process:
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().split()
        return processes.process(int(children[0]))

    def words(self, command: list[str]) -> list[str]:
        """The command as the host has to say it."""
        return ["nsenter", f"--target={self._inner.pid}", "--net", "--mount", "--pid", "--", *command]

    def run(self, command: list[str], seconds: float = 60, given: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Output and errors in one; the exit code is the caller's business. `timeout` ends it inside, where it is."""
        return subprocess.run(
            self.words(["timeout", "--kill-after=5", f"{seconds:g}", *command]), input=given, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment | variables, cwd="/",
        )  # fmt: skip

    def do(self, command: list[str], seconds: float = 60, given: str = "", **variables: str) -> str:
        """Like `run` for what has to succeed."""
        done = self.run(command, seconds, given, **variables)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)[:200]} ended with {done.returncode}:\n{done.stdout[-3000:]}")
        return done.stdout

    def start(self, command: list[str], log: Path, **variables: str) -> Process:
        """A server inside; it ends with the room, or by `stop`."""
        with log.open("ab") as out:
            child = subprocess.Popen(self.words(command), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                     env=self.environment | variables, cwd="/", start_new_session=True)  # fmt: skip
        return processes.adopt(child)

    @staticmethod
    def stop(who: Process, number: int = signal.SIGTERM, seconds: float = 20) -> None:
        """`nsenter` waits for the server, its only child, which gets the signal."""
        for member in processes.tree(who)[1:2]:
            processes.send(member, number)
        try:
            wait_until(lambda: processes.reap() or not processes.alive(who), seconds, "it has ended")
        finally:
            processes.kill_tree(who)

    def inside(self, call: Callable[[], Value]) -> Value:
        """The result of `call`, made in the room's network."""
        return in_network_of(self._inner.pid, call)

    def container_processes(self) -> list[int]:
        """The host's numbers of what runs in containers of ours: Docker puts them into a control group of our name."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and f"/{self.folder.name}/" in Path(f"/proc/{entry}/cgroup").read_text():
                    found.append(int(entry))
            except OSError:
                continue
        return found

    def close(self) -> None:
        """Ends the first process, and with it all others; then removes the files."""
        members = processes.tree(self._outer)
        processes.kill_tree(self._outer)
        processes.wait_gone(members)
        shutil.rmtree(self.folder)
