"""The test stack with everything switched on that the daemon can measure, and a Prometheus that scrapes the daemon."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Iterator

import psycopg2
import redis
import yaml
from celery import Celery

from prometheus import JOB, Prometheus
from stack.celery_servers import Worker
from stack.healthd import TEST, Healthd
from stack.plan import Plan, write_secret
from stack.postgres import Postgres
from stack.receiver import Receiver
from stack.stack import Stack, new_folder
from stack.state import State
from stack.waiting import TimedOut, wait_until
from stack.web import Gunicorn

TEMPO = replace(TEST, stack="dashboards", interval="1s", timeout="900ms")
BEAT_EVERY = 2
HEARD = ('healthd_statsd_packets_total{outcome="accepted"} > 0',)
# As long as the rates look back (questions.py), and what takes a while to be seen.
WELL = (
    f'count_over_time(up{{job="{JOB}"}}[1m]) > 18',
    "healthd_celery_canary_success == 1",
    "healthd_celery_canary_last_success_timestamp_seconds",
    "healthd_celery_oldest_unacked_timestamp_seconds",
    "healthd_celery_oldest_active_task_timestamp_seconds",
    "healthd_gunicorn_workers == 3",
    "healthd_postgres_replication_slot_retained_bytes",
    "healthd_postgres_wal_archive_last_success_timestamp_seconds",
    "healthd_redis_persistence_ok",
    "healthd_beat_schedulers",
    "healthd_notification_last_success_timestamp_seconds",
    "rate(healthd_superset_api_call_duration_seconds_count[15s]) > 0",
    'min(healthd_probe_state{state="up"}) == 1',
)
FROZEN = ('sum(increase(healthd_probe_timeouts_total{component="nginx"}[15s])) > 0',)
ILL = (
    'healthd_component_state{component="gunicorn", state="down"} == 1',
    'healthd_component_state{component="celery", state="down"} == 1',
    'sum(healthd_alerts{severity="critical", state="firing"}) > 1',
    "healthd_superset_backend_bypass_ok == 0",
    "sum(increase(healthd_notification_failures_total[15s])) > 0",
    "increase(healthd_incidents_total[15s]) > 0",
)


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
        probes["edge"] |= {"direct": f"http://127.0.0.1:{self.plan.ports['gunicorn']}/health", "worker_connections_limit": 2048}
        probes["app"] |= {"statsd": {"listen_address": f"127.0.0.1:{self.statsd}"}}
        probes["broker"] |= {"write_canary": True}
        probes["workers"] |= {"canary": {"queues": ["celery"], "interval": "2s", "timeout": "1500ms"}, "inspect_interval": "2s"}
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
    """Stack, daemon, receiver and Prometheus, and the moments at which the dashboards are looked at."""

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
        self.well = self.ill = 0.0

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

    # --- what fills panels -------------------------------------------------------------------------------------------

    def live(self) -> None:
        """Until there is something in every panel that a healthy stack can fill."""
        self._wait(HEARD, 10)
        os.kill(self.stack.root("gunicorn").pid, signal.SIGTTIN)  # one more worker, of which it tells
        with a_snapshot(self.plan), a_slot_and_an_archive(self.plan), a_long_task(self.plan):
            self.well = self._wait(WELL, 45)

    def suffer(self) -> None:
        """The worker freezes, nginx for a moment as well, then Gunicorn dies; and a receiver refuses meanwhile."""
        self.receiver.manners.refusals = 3
        self.stack.freeze("worker")
        self.stack.freeze("nginx")
        self._wait(FROZEN, 10)
        self.stack.mend("nginx")
        self.stack.kill("gunicorn")
        self.ill = self._wait(ILL, 30)

    def _wait(self, conditions: tuple[str, ...], seconds: float) -> float:
        """Until Prometheus says so of all; the moment as of which it does."""
        missing = list(conditions)

        def all_true() -> float:
            self._call_superset()
            now = time.time()
            missing[:] = [each for each in conditions if not self.prometheus.query(each, now).series]
            return 0.0 if missing else now

        try:
            return wait_until(all_true, seconds, "Prometheus has seen everything", step=0.3)
        except TimedOut as error:
            raise TimedOut(f"{error}; missing: {missing}") from None

    def _call_superset(self) -> None:
        """What Superset's StatsdStatsLogger sends for one call of its API."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for line in (b"superset.ChartRestApi.data.success:1|c", b"superset.ChartRestApi.data.time:12|ms"):
                out.sendto(line, ("127.0.0.1", self.statsd))


@contextmanager
def a_snapshot(plan: Plan) -> Iterator[None]:
    """Redis keeps snapshots, and has made one."""
    client = redis.Redis(port=plan.ports["redis"], password=plan.redis_password)
    client.config_set("save", "3600 1")
    client.bgsave()
    yield
    client.close()


@contextmanager
def a_slot_and_an_archive(plan: Plan) -> Iterator[None]:
    connection = psycopg2.connect(
        host="127.0.0.1", port=plan.ports["postgres"], dbname="postgres", user="postgres", password=plan.postgres_password
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_create_physical_replication_slot('standby', true), pg_switch_wal()")
    connection.close()
    yield


@contextmanager
def a_long_task(plan: Plan) -> Iterator[None]:
    flag = plan.folder / "busy"
    flag.touch()
    client = Celery(broker=plan.broker_url)
    client.send_task("busy_while", [str(flag)], queue="celery")
    try:
        yield
    finally:
        flag.unlink()
        client.close()
