"""PostgreSQL and the two Redis as their containers start them, each on a loopback address of its own.

Superset's configuration names the standard ports, and so the addresses differ, as they do between containers.
"""

from __future__ import annotations

import random
import signal
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

from stack import processes
from stack.postgres import binaries
from stack.processes import Process
from stack.server import run_as, unprivileged_user
from stack.waiting import TimedOut, wait_until

PORTS = {"postgres": 5432, "redis-broker": 6379, "redis-cache": 6379}
USER = unprivileged_user()


def free_addresses() -> dict[str, str]:
    """One for each of PORTS, in a piece of 127.0.0.0/8 where nobody listens."""
    for _ in range(50):
        network = f"127.{random.randint(16, 250)}.{random.randint(0, 250)}"
        addresses = {name: f"{network}.{number}" for number, name in enumerate(PORTS, 1)}
        try:
            with ExitStack() as held:
                for name, address in addresses.items():
                    held.enter_context(socket.socket()).bind((address, PORTS[name]))
            return addresses
        except OSError:
            continue
    raise RuntimeError(f"somebody listens at the ports {set(PORTS.values())} of every loopback address; end that server")


class Part:
    """A program of the deployment, run as Superset's user would, with its log."""

    def __init__(self, name: str, room: Path, command: list[str], environment: dict[str, str]) -> None:
        self.name = name
        self.room = room
        self.command = command
        self.environment = environment
        self.log = room / f"{name}.log"
        self.process: Process | None = None
        self._log_from = 0

    def start(self) -> None:
        self._log_from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as out:
            child = subprocess.Popen(
                self.command, cwd=self.room, env=self.environment, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True, **run_as(USER),  # type: ignore[call-overload]
            )  # fmt: skip
        self.process = processes.adopt(child)

    def said(self) -> str:
        """Since it was started last."""
        return self.log.read_bytes()[self._log_from :].decode(errors="replace") if self.log.exists() else ""

    def alive(self) -> bool:
        processes.reap()
        return self.process is not None and processes.alive(self.process)

    def wait_for(self, words: str, seconds: float) -> None:
        """Until the log has these words."""

        def settled() -> bool:
            return words in self.said() or not self.alive()

        try:
            wait_until(settled, seconds, f"{self.name} says {words!r}")
        except TimedOut as late:
            raise TimedOut(f"{late}; its log ends with\n{self.said()[-3000:]}") from None
        assert words in self.said(), f"{self.name} ended:\n{self.said()[-3000:]}"

    def freeze(self) -> None:
        assert self.process
        processes.freeze_tree(self.process)

    def thaw(self) -> None:
        assert self.process
        processes.thaw_tree(self.process)

    def stop(self, number: int = signal.SIGTERM, seconds: float = 10) -> None:
        if self.process:
            processes.stop_tree(self.process, number, seconds)
            self.process = None


def make_postgres(room: Path, address: str, command: list[str], initdb: list[str], password: Path) -> Part:
    """As the image prepares its data folder: the deployment's user is the superuser, its password is in a file."""
    data = room / "data"
    words = [str(binaries() / "initdb"), "--no-sync", "--username=superset", f"--pwfile={password}", "--encoding=UTF8",
             "--locale=C.UTF-8", "-D", str(data), *initdb]  # fmt: skip
    subprocess.run(words, cwd=room, check=True, capture_output=True, **run_as(USER))  # type: ignore[call-overload]
    with (data / "pg_hba.conf").open("a") as access:
        access.write("host all all all scram-sha-256\n")
    place = ["-D", str(data), "-c", f"listen_addresses={address}", "-c", f"unix_socket_directories={room}", "-c", "fsync=off"]
    part = Part("postgres", room, [str(binaries() / command[0]), *command[1:], *place], {"LC_ALL": "C.UTF-8", "TZ": "UTC"})
    part.start()
    part.wait_for("ready to accept connections", 20)
    psql(room, "CREATE DATABASE superset", "postgres")
    return part


def psql(room: Path, statements: str, database: str = "superset") -> str:
    """As the runbooks do: over the socket, where no password is asked for."""
    words = [str(binaries() / "psql"), "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", str(room), "-U", "superset", "-d", database]
    done = subprocess.run(words, input=statements, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make_redis(name: str, room: Path, address: str, shipped: Path, secret: Path, users: str) -> Part:
    """With the shipped start script; `users` are lines of an ACL, for the monitor."""
    text = (shipped / f"{name.removeprefix('redis-')}.conf").read_text()
    for old, new in {"bind * -::*": f"bind {address}", "dir /data": f"dir {room}"}.items():
        assert old in text, f"the configuration of {name} has no {old!r} any more"
        text = text.replace(old, new)
    (room / "redis.conf").write_text(f"{text}\n{users}\n")
    command = ["/bin/sh", str(shipped / "start.sh"), str(room / "redis.conf"), str(secret)]
    part = Part(name, room, command, {"PATH": "/usr/bin:/bin"})
    part.start()
    part.wait_for("Ready to accept connections", 20)
    return part
