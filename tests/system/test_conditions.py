"""Alerts that something is about to go wrong, or is wrong without being down: each raised and taken back for real."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Callable, ContextManager, Iterator

import psycopg2
import pytest
import redis
from celery import Celery

from conftest import House
from observation import settle
from pace import DETECT, INTERVAL, RESOLVE
from stack.ports import free_ports
from stack.waiting import wait_until
from views import fetch


def session(house: House) -> psycopg2.extensions.connection:
    """As Superset itself connects."""
    plan = house.stack.plan
    return psycopg2.connect(
        host="127.0.0.1", port=plan.ports["postgres"], dbname="superset", user="superset", password=plan.postgres_password
    )


@contextmanager
def many_connections(house: House) -> Iterator[None]:
    """23 of 27 that are not kept for superusers."""
    with ExitStack() as held:
        for _ in range(23):
            held.callback(session(house).close)
        yield


@contextmanager
def every_connection(house: House) -> Iterator[None]:
    """Takes slots until none came free for longer than the daemon holds its second one."""
    with ExitStack() as held:

        def none_is_left() -> bool:
            nonlocal taken_at
            try:
                held.callback(session(house).close)
                taken_at = time.monotonic()
            except psycopg2.OperationalError:
                pass
            return time.monotonic() - taken_at > INTERVAL

        taken_at = time.monotonic()
        wait_until(none_is_left, 30, "every connection taken", step=0.02)
        yield


@contextmanager
def an_evicting_broker(house: House) -> Iterator[None]:
    plan = house.stack.plan
    client = redis.Redis(port=plan.ports["redis"], password=plan.redis_password)
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        yield
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.close()


@contextmanager
def a_certificate_near_its_end(house: House) -> Iterator[None]:
    house.stack.serve_certificate(timedelta(days=5))
    try:
        yield
    finally:
        house.stack.serve_certificate(timedelta(days=80))


@contextmanager
def more_than_the_worker_can_do(house: House) -> Iterator[None]:
    """Both pool processes work on and on, and more waits than they take."""
    flag = house.stack.plan.folder / "busy"
    flag.touch()
    client = Celery(broker=house.stack.plan.broker_url)
    try:
        for _ in range(12):
            client.send_task("busy_while", [str(flag)], queue="celery")
        yield
    finally:
        flag.unlink()
        client.close()


@contextmanager
def a_wrong_upstream(house: House) -> Iterator[None]:
    """As after a deployment that forgot the proxy: nginx asks where nobody listens, and gunicorn is well."""
    house.stack.pass_to(free_ports(["nobody"])["nobody"])
    try:
        yield
    finally:
        house.stack.pass_to(house.stack.plan.ports["gunicorn"])


@dataclass(frozen=True)
class Condition:
    """`also` is true at the same time; anything else accuses an innocent part."""

    alert: str
    probe: str
    cause: Callable[[House], ContextManager[None]]
    also: frozenset[str] = frozenset()
    within: float = DETECT

    def __str__(self) -> str:
        return self.alert


CONDITIONS = [
    Condition("TlsCertificateExpiringSoon", "edge", a_certificate_near_its_end),
    Condition("SupersetUpstreamUnavailable", "edge", a_wrong_upstream),
    Condition("PostgresConnectionsHigh", "metadata", many_connections),
    # A full server is not a dead one: PostgresDown must stay silent.
    Condition("PostgresConnectionsExhausted", "metadata", every_connection, also=frozenset({"PostgresConnectionsHigh"})),
    Condition("RedisBrokerEvictionPolicyUnsafe", "broker", an_evicting_broker),
    Condition("CeleryQueueStalled", "workers", more_than_the_worker_can_do, within=25 + DETECT),
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_it_is_told_with_its_runbook_and_taken_back(house: House, condition: Condition) -> None:
    settle(house)
    seen: set[str] = set()

    def fires() -> dict[str, Any]:
        firing = house.views.firing()
        seen.update(firing)
        return firing.get(condition.alert, {})

    with condition.cause(house):
        alert = wait_until(fires, condition.within, f"{condition.alert} at Alertmanager", step=0.2)
        assert alert["labels"]["probe"] == condition.probe
        status, page = fetch(alert["annotations"]["runbook_url"])
        assert status == 200 and condition.alert in page
    wait_until(lambda: not fires(), RESOLVE, f"{condition.alert} resolved", step=0.2)
    assert seen <= {condition.alert} | condition.also
