"""PostgreSQL with the roles of a Superset installation: its own, and the monitor's."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from pathlib import Path

from .processes import Process
from .server import Server, run_as, unprivileged_user

SETTINGS = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 30
shared_buffers = 16MB
fsync = off
password_encryption = 'scram-sha-256'
"""
ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"
# One statement a line: that is how the single-user mode reads them.
ROLES = """\
CREATE ROLE superset LOGIN PASSWORD '{password}'
CREATE ROLE healthd LOGIN PASSWORD '{password}'
GRANT pg_monitor TO healthd
ALTER ROLE postgres PASSWORD '{password}'
CREATE DATABASE superset OWNER superset
"""
TABLES = """\
CREATE TABLE ab_user (id int PRIMARY KEY, username text)
ALTER TABLE ab_user OWNER TO superset
INSERT INTO ab_user VALUES (1, 'admin')
"""


def binaries() -> Path:
    """The newest installed major version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("no PostgreSQL server under /usr/lib/postgresql: run ops/dev setup")
    return found[-1].parent


class Postgres(Server):
    """A cluster of its own; the roles are made in single-user mode, before anybody can connect."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": SIGTERM would wait for the clients to leave

    def user(self) -> str | None:
        return unprivileged_user() if os.geteuid() == 0 else None

    @property
    def data(self) -> Path:
        return self.room / "data"

    def prepare(self) -> None:
        if user := self.user():
            entry = pwd.getpwnam(user)
            os.chown(self.room, entry.pw_uid, entry.pw_gid)
        self._run(["initdb", "--no-sync", "--auth=reject", "--encoding=UTF8", "--locale=C.UTF-8", "-U", "postgres",
                   "-D", str(self.data)])  # fmt: skip
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS.format(port=self.plan.ports["postgres"]))
        (self.data / "pg_hba.conf").write_text(ACCESS)
        self._single_user("postgres", ROLES.format(password=self.plan.postgres_password))
        self._single_user("superset", TABLES)

    def start(self) -> Process:
        """A killed postmaster leaves its lock file; whoever starts us has seen to it that nobody uses the data."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        return super().start()

    def command(self) -> list[str]:
        return [str(binaries() / "postgres"), "-D", str(self.data)]

    def ready(self) -> bool:
        check = [str(binaries() / "pg_isready"), "-q", "-t", "2", "-h", "127.0.0.1", "-p", str(self.plan.ports["postgres"])]
        return subprocess.run(check, timeout=5).returncode == 0

    def _single_user(self, database: str, statements: str) -> None:
        self._run(["postgres", "--single", "-D", str(self.data), database], statements)

    def _run(self, command: list[str], given: str = "") -> None:
        """The single-user mode returns 0 whatever happened, so its messages are read as well."""
        done = subprocess.run(
            [str(binaries() / command[0]), *command[1:]], input=given, text=True, capture_output=True, cwd=self.room,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, **run_as(self.user()),  # type: ignore[call-overload]
        )  # fmt: skip
        said = done.stdout + done.stderr
        if done.returncode != 0 or "ERROR:" in said or "FATAL:" in said:
            raise RuntimeError(f"{command[0]} failed:\n{said}")
