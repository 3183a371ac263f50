"""The table of single faults: what is done, and the one alert that names it."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Callable, ContextManager, Iterator

import psycopg2
import redis

from household import Household
from pace import DETECT, DETECT_BEAT, INTERVAL
from stack import processes
from stack.celery_servers import Beat
from stack.waiting import wait_until

Cause = Callable[[Household], ContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """`accused`: the probe that the page names. `more`: overrides of alerts, for this row alone."""

    name: str
    cause: Cause
    alert: str
    accused: str
    within: float = DETECT
    more: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def broken(part: str, how: str) -> Cause:
    @contextmanager
    def cause(house: Household) -> Iterator[None]:
        getattr(house.stack, how)(part)
        try:
            yield
        finally:
            house.stack.mend(part)

    return cause


@contextmanager
def every_connection(house: Household) -> Iterator[None]:
    """Takes slots until none came free for longer than the daemon holds its second one."""
    plan = house.plan
    with ExitStack() as held:
        taken_at = time.monotonic()

        def none_is_left() -> bool:
            nonlocal taken_at
            try:
                session = psycopg2.connect(host="127.0.0.1", port=plan.ports["postgres"], dbname="superset", user="superset",
                                           password=plan.postgres_password)  # fmt: skip
                held.callback(session.close)
                taken_at = time.monotonic()
            except psycopg2.OperationalError:
                pass
            return time.monotonic() - taken_at > INTERVAL

        wait_until(none_is_left, 30, "every connection taken", step=0.02)
        yield


@contextmanager
def broker_at_its_limit(house: Household) -> Iterator[None]:
    """It answers and refuses every write. A worker of this Celery may have ended over it, so it is started anew."""
    client = redis.Redis(port=house.plan.ports["redis"], password=house.plan.redis_password)
    client.config_set("maxmemory", "100kb")
    try:
        yield
    finally:
        client.config_set("maxmemory", "64mb")
        client.close()
        for lost in ("worker", "beat"):
            house.stack.kill(lost)
            house.stack.mend(lost)


@contextmanager
def expired_certificate(house: Household) -> Iterator[None]:
    house.stack.serve_certificate(timedelta(minutes=-5))
    try:
        yield
    finally:
        house.stack.serve_certificate(timedelta(days=80))


class Twin(Beat):
    """A second Beat, as after a deployment that started one too many."""

    name = "beat2"


@contextmanager
def doubled_beat(house: Household) -> Iterator[None]:
    twin = Twin(house.plan)
    twin.prepare()
    who = house.stack.launch(twin)
    try:
        yield
    finally:
        processes.kill_tree(who)


_PARTS = (
    ("nginx", "SupersetEdgeDown", "edge"),
    ("gunicorn", "SupersetWebDown", "app"),
    ("postgres", "PostgresDown", "metadata"),
    ("redis", "RedisDown", "broker"),
    ("worker", "CeleryNoWorkers", "workers"),
    ("beat", "CeleryBeatDown", "beat"),
)

FAULTS = [
    Fault(f"{part}-{how}", broken(part, how), alert, accused, within=DETECT_BEAT if part == "beat" else DETECT)
    for part, alert, accused in _PARTS
    for how in ("kill", "freeze")
] + [
    Fault("postgres-full", every_connection, "PostgresConnectionsExhausted", "metadata"),
    Fault("broker-full", broker_at_its_limit, "RedisWritesRejected", "broker", more={"RedisWritesRejected": "{for: 2s}"}),
    Fault("certificate-expired", expired_certificate, "TlsCertificateInvalid", "edge"),
    Fault("beat-doubled", doubled_beat, "CeleryBeatDuplicate", "beat", within=DETECT_BEAT,
          more={"CeleryBeatDuplicate": "{for: 2s}"}),
]  # fmt: skip
