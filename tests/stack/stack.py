"""The whole stack: started in parallel, stopped completely, broken and mended on purpose."""

from __future__ import annotations

import shutil
import tempfile
import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import Callable

from . import processes
from .alertmanager import Alertmanager
from .celery_servers import Beat, Worker
from .nginx import Nginx
from .plan import Plan
from .postgres import Postgres
from .processes import Process
from .redis_server import Redis
from .server import Server
from .state import State
from .web import Gunicorn

PARTS = (Postgres, Redis, Gunicorn, Nginx, Worker, Beat, Alertmanager)
Progress = Callable[[str], None]


def new_folder() -> Path:
    """Open to look into, since PostgreSQL runs as another user; each secret inside is closed by itself."""
    folder = Path(tempfile.mkdtemp(prefix="superset-healthd-stack-"))
    folder.chmod(0o755)
    return folder


class Stack:
    """Servers by name over a state file. Built anew from the state file, it controls the same processes."""

    def __init__(self, plan: Plan, state: State) -> None:
        self.plan = plan
        self.state = state
        self.servers: dict[str, Server] = {part.name: part(plan) for part in PARTS}
        self._closing = threading.Event()
        self._lock = threading.Lock()

    def start(self, progress: Progress = lambda _: None) -> None:
        """Prepares and starts all servers side by side; the first that fails is raised."""
        gates = {name: threading.Event() for name in self.servers}
        with ThreadPoolExecutor(len(self.servers)) as pool:
            jobs = [pool.submit(self._bring_up, server, gates, progress) for server in self.servers.values()]
            try:
                self._raise_first(jobs)
            except BaseException:
                self.stop()
                raise

    def _bring_up(self, server: Server, gates: dict[str, threading.Event], progress: Progress) -> None:
        server.prepare()
        for name in server.after:
            while not gates[name].wait(0.1):
                if self._closing.is_set():
                    return
        self.launch(server)
        gates[server.name].set()
        progress(f"{server.name} is ready")

    @staticmethod
    def _raise_first(jobs: list[Future[None]]) -> None:
        for job in wait(jobs, return_when=FIRST_EXCEPTION).done:
            job.result()

    def launch(self, server: Server) -> Process:
        """Starts one server, records it and waits until it is ready."""
        who = self.begin(server)
        server.wait_ready(who)
        return who

    def begin(self, server: Server) -> Process:
        """Starts one server and records it; whether it is ready may depend on another one."""
        with self._lock:
            if self._closing.is_set():
                raise RuntimeError(f"{server.name} is not started any more: the stack stops")
            who = server.start()
            self.state.record(server.name, who)
        return who

    def root(self, name: str) -> Process:
        return self.state.servers()[name]

    def stop(self) -> None:
        """Everything by pid, at once; then whatever still works in our folder. Leaves no file."""
        self._closing.set()
        with self._lock:
            running = self.state.servers() if self.state.exists() else {}
        with ThreadPoolExecutor(max(len(running), 1)) as pool:
            for name, who in running.items():
                pool.submit(processes.stop_tree, who, self._stop_signal(name))
        for who in processes.inside(self.plan.folder):
            processes.kill_tree(who)
        processes.reap()
        shutil.rmtree(self.plan.folder, ignore_errors=True)
        self.state.remove()

    def _stop_signal(self, name: str) -> int:
        server = self.servers.get(name)
        return server.stop_signal if server else Server.stop_signal

    # --- faults ------------------------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """SIGKILL for the server and all its children."""
        processes.kill_tree(self.root(name))

    def freeze(self, name: str) -> None:
        """SIGSTOP for the server and all its children: connections stay, nobody answers."""
        processes.freeze_tree(self.root(name))

    def freeze_root(self, name: str) -> None:
        """SIGSTOP for the first process alone; what its children serve goes on."""
        processes.send(self.root(name), processes.signal.SIGSTOP)

    def mend(self, name: str) -> None:
        """Wakes it up when it sleeps, starts it again when it is gone."""
        who = self.root(name)
        if processes.alive(who):
            processes.thaw_tree(who)
            return
        server = self.servers[name]
        for lost in (name, *server.takes_along):
            processes.kill_tree(self.root(lost))  # of `name` itself: children that outlived their parent
        for lost in (name, *server.takes_along):
            self.launch(self.servers[lost])

    def pass_to(self, port: int) -> None:
        """nginx sends requests to this port."""
        nginx = self.servers["nginx"]
        assert isinstance(nginx, Nginx)
        nginx.pass_to(self.root("nginx").pid, port)

    def serve_certificate(self, expires_in: timedelta) -> None:
        """nginx serves a certificate that ends so soon."""
        nginx = self.servers["nginx"]
        assert isinstance(nginx, Nginx)
        nginx.serve_certificate(self.root("nginx").pid, expires_in)
