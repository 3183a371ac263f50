"""What happens to the stack, so that every panel has something to show: a while of health, then a fault."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import contextmanager
from typing import Iterator

import psycopg2
import redis
from celery import Celery

from house import House
from prometheus import JOB
from stack.plan import Plan
from stack.waiting import TimedOut, wait_until

# Each is a query that has to find something.
HEARD = ('healthd_statsd_packets_total{outcome="accepted"} > 0',)
WELL = (
    f'count_over_time(up{{job="{JOB}"}}[1m]) > 20',
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
    "rate(healthd_superset_api_call_duration_seconds_count[30s]) > 0",
    'min(healthd_probe_state{state="up"}) == 1',
)
FROZEN = ('sum(increase(healthd_probe_timeouts_total{component="nginx"}[30s])) > 0',)
ILL = (
    'healthd_component_state{component="gunicorn", state="down"} == 1',
    'healthd_component_state{component="celery", state="down"} == 1',
    'sum(healthd_alerts{severity="critical", state="firing"}) > 1',
    "healthd_superset_backend_bypass_ok == 0",
    "sum(increase(healthd_notification_failures_total[30s])) > 0",
    "increase(healthd_incidents_total[30s]) > 0",
)


class Life:
    """A house, and the two moments as of which the dashboards are looked at."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.prometheus = house.prometheus
        self.well = self._be_well()
        self.ill = self._be_ill()

    def _be_well(self) -> float:
        """Ends when there is something in every panel that a healthy stack can fill."""
        self._wait(HEARD, 10)
        os.kill(self.house.stack.root("gunicorn").pid, signal.SIGTTIN)  # one more worker, of which it tells
        plan = self.house.plan
        with a_snapshot(plan), a_slot_and_an_archive(plan), a_long_task(plan):
            return self._wait(WELL, 60)

    def _be_ill(self) -> float:
        """The worker freezes, nginx for a moment as well, then Gunicorn dies; and a receiver refuses meanwhile."""
        stack = self.house.stack
        self.house.receiver.manners.refusals = 3
        stack.freeze("worker")
        stack.freeze("nginx")
        self._wait(FROZEN, 10)
        stack.mend("nginx")
        stack.kill("gunicorn")
        return self._wait(ILL, 30)

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
                out.sendto(line, ("127.0.0.1", self.house.statsd))


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
        host="127.0.0.1", port=plan.ports["postgres"], dbname="postgres", user="postgres",
        password=plan.postgres_password,
    )  # fmt: skip
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
