"""Real servers for rows: shared ones that nobody harms, and private ones that a row may do anything to."""

from __future__ import annotations

import http.client
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Generic, TypeVar

from stack import processes
from stack.nginx import nginx_conf
from stack.plan import Plan
from stack.postgres import Postgres
from stack.redis_server import Redis
from stack.server import Server
from stack.stack import new_folder

PLAIN = """\
  server {{
    listen 127.0.0.1:{http};
    location / {{ default_type text/plain; return 200 "OK\\n"; }}
    location = /stub_status {{ stub_status; }}
  }}
"""


class Plain(Server):
    """An nginx that answers everything with OK by itself, without TLS."""

    name = "http"

    def prepare(self) -> None:
        (self.room / "nginx.conf").write_text(nginx_conf(PLAIN.format(http=self.plan.ports["http"])))

    def command(self) -> list[str]:
        return ["/usr/sbin/nginx", "-p", f"{self.room}/", "-e", "stderr", "-c", "nginx.conf"]

    def ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.plan.ports["http"], timeout=2)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        finally:
            connection.close()


Kind = TypeVar("Kind", bound=Server)


class Running(Generic[Kind]):
    """One started server, which can be frozen, killed and started again on the same port."""

    def __init__(self, server: Kind) -> None:
        self.server = server
        self.process = server.start()
        try:
            server.wait_ready(self.process)
        except BaseException:
            self.stop()
            raise

    @property
    def port(self) -> int:
        return self.server.plan.ports[self.server.name]

    def freeze(self) -> None:
        """All of its processes: connections stand, nobody answers."""
        processes.freeze_tree(self.process)

    def freeze_root(self) -> None:
        """The first process alone; what its children serve goes on."""
        processes.send(self.process, processes.signal.SIGSTOP)

    def thaw(self) -> None:
        processes.thaw_tree(self.process)

    def kill(self) -> None:
        processes.kill_tree(self.process)

    def start(self) -> None:
        """Again, after `kill`."""
        self.process = self.server.start()
        self.server.wait_ready(self.process)

    def stop(self) -> None:
        processes.stop_tree(self.process, self.server.stop_signal)


class Template:
    """A prepared cluster that was never started, made when it is first asked for: that takes seconds, a copy does not."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._folder: Path | None = None
        self._room = Path()

    def room(self) -> Path:
        if self._folder is None:
            self._folder = new_folder()
            postgres = Postgres(Plan.make(self._folder, postgres_password=self._secret))
            postgres.prepare()
            self._room = postgres.room
        return self._room

    def remove(self) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


class House:
    """Starts servers in a folder of its own each, and stops all of them at the end. Passwords are the canary."""

    def __init__(self, secret: str, template: Template) -> None:
        self._secret = secret
        self._held = ExitStack()
        self._shared: dict[type[Server], Running[Server]] = {}
        self.template = template

    def new_plan(self, redis_password: bool = True, until: ExitStack | None = None) -> Plan:
        """Ports and a folder that is removed at the end, or with `until`."""
        folder = new_folder()
        (until or self._held).callback(shutil.rmtree, folder, ignore_errors=True)
        return Plan.make(folder, postgres_password=self._secret, redis_password=self._secret if redis_password else "")

    def start(self, kind: type[Kind], plan: Plan | None = None, until: ExitStack | None = None) -> Running[Kind]:
        """A new one, for whoever asks. A plan of the caller's may name ports and passwords."""
        server = kind(plan or self.new_plan(until=until))
        self._prepare(server)
        running = Running(server)
        (until or self._held).callback(running.stop)
        return running

    def shared(self, kind: type[Kind]) -> Running[Kind]:
        """One for all rows, started when it is first asked for. Nobody may harm it."""
        if kind not in self._shared:
            self._shared[kind] = self.start(kind)  # type: ignore[assignment]
        return self._shared[kind]  # type: ignore[return-value]

    def close(self) -> None:
        self._held.close()

    def _prepare(self, server: Server) -> None:
        if type(server) is Postgres:
            copy_cluster(server, self.template.room())
        else:
            server.prepare()


def copy_cluster(postgres: Postgres, template: Path) -> None:
    """As `prepare`, from a cluster with the same roles."""
    subprocess.run(["cp", "-a", "--reflink=auto", f"{template}/.", f"{postgres.room}/"], check=True)
    with (postgres.data / "postgresql.conf").open("a") as settings:
        settings.write(f"port = {postgres.plan.ports['postgres']}\n")
