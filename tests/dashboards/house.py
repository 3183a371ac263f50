"""The test stack with everything switched on that the daemon can measure, and a Prometheus that scrapes the daemon."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import yaml

from prometheus import JOB, Prometheus
from stack.celery_servers import Worker
from stack.healthd import TEST, Healthd
from stack.plan import Plan, write_secret
from stack.postgres import Postgres
from stack.receiver import Receiver
from stack.stack import Stack, new_folder
from stack.state import State
from stack.web import Gunicorn

TEMPO = replace(TEST, stack="dashboards", interval="1s", timeout="900ms")
BEAT_EVERY = 2


def free_udp_port() -> int:
    """Where the kernel finds one; given back at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class TellingGunicorn(Gunicorn):
    """Tells the daemon of its requests."""

    statsd = 0

    def command(self) -> list[str]:
        return [*super().command()[:-1], f"--statsd-host=127.0.0.1:{self.statsd}", "application:application"]


class FullHealthd(Healthd):
    """The test stack's configuration, with each option that brings further metrics."""

    statsd = 0

    def prepare(self) -> None:
        super().prepare()
        found = yaml.safe_load(self.config_file.read_text())
        probes = {probe["name"]: probe for probe in found["probes"]}
        direct = f"http://127.0.0.1:{self.plan.ports['gunicorn']}/health"
        probes["edge"] |= {"direct": direct, "worker_connections_limit": 2048}
        probes["app"] |= {"statsd": {"listen_address": f"127.0.0.1:{self.statsd}"}}
        probes["broker"] |= {"write_canary": True}
        canary = {"queues": ["celery"], "interval": "2s", "timeout": "1500ms"}
        probes["workers"] |= {"canary": canary, "inspect_interval": "2s"}
        heartbeat = write_secret(self.plan.folder / "secrets" / "heartbeat", f"{self.plan.receiver_url}/heartbeat")
        found["heartbeat"] = {"url_file": str(heartbeat), "interval": "2s"}
        self.config_file.write_text(yaml.safe_dump(found, sort_keys=False))


class StoringWorker(Worker):
    """Keeps results, which the daemon's test task needs."""

    def prepare(self) -> None:
        super().prepare()
        with (self.room / "tasks.py").open("a") as source:
            source.write('\napp.conf.update(result_backend=os.environ["BROKER_URL"], task_ignore_result=False)\n')


class CarefulPostgres(Postgres):
    """Archives its log and checks its pages."""

    def prepare(self) -> None:
        super().prepare()
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write("archive_mode = on\narchive_command = 'true'\n")
        self._run(["pg_checksums", "--enable", "--no-sync", "-D", str(self.data)])


class House:
    """Stack, daemon, receiver and Prometheus."""

    def __init__(self, binary: Path) -> None:
        folder = new_folder()
        self.plan = Plan.make(folder, beat_every=BEAT_EVERY, group_wait="500ms", group_interval="1s")
        state = State(folder / "state.json")
        state.create(self.plan)
        self.receiver = Receiver(self.plan.ports["receiver"])
        self.stack = Stack(self.plan, state)
        self.healthd = FullHealthd(self.plan, binary, TEMPO)
        self.prometheus = Prometheus(self.plan)
        gunicorn = TellingGunicorn(self.plan)
        self.statsd = gunicorn.statsd = self.healthd.statsd = free_udp_port()
        for server in (gunicorn, StoringWorker(self.plan), CarefulPostgres(self.plan)):
            self.stack.servers[server.name] = server

    def start(self) -> None:
        self.stack.start()
        for server in (self.healthd, self.prometheus):
            self.stack.servers[server.name] = server
            server.prepare()
            self.stack.launch(server)

    def close(self) -> None:
        self.stack.stop()
        self.receiver.close()

    @property
    def offered(self) -> dict[str, list[str]]:
        """What the variables have to offer: this daemon and this stack, and nothing of the stranger beside it."""
        return {"job": [JOB], "instance": [f"127.0.0.1:{self.plan.ports['healthd']}"], "stack": [TEMPO.stack]}
