"""A healthy stack: everything up, nobody told anything, few connections, clean metrics."""

from __future__ import annotations

import subprocess
import time

import psycopg2
import pytest
import redis

from conftest import House
from observation import settle
from pace import INTERVAL
from stack.connections import local_ports
from stack.waiting import wait_until


@pytest.fixture(scope="module", autouse=True)
def calm(house: House) -> None:
    settle(house)


def test_the_daemon_is_ready_and_every_probe_is_up(house: House) -> None:
    wait_until(lambda: house.views.page("/-/ready")[0] == 200, 10, "/-/ready answers 200")
    probes = house.views.status()["probes"]
    assert {probe["name"]: probe["status"] for probe in probes} == dict.fromkeys(
        ["edge", "app", "metadata", "broker", "workers", "beat"], "up"
    )


def test_nobody_is_told_anything(house: House, full: bool) -> None:
    """Two minutes in the long form."""
    begin, told = time.monotonic(), len(house.receiver.messages)
    end = begin + (120 if full else 20)
    while time.monotonic() < end:
        assert house.views.alertmanager() == []
        assert house.views.not_up() == {}
        time.sleep(0.25)
    assert house.receiver.messages[told:] == []


def test_promtool_finds_nothing_to_say_about_the_metrics(house: House) -> None:
    code, text = house.views.page("/metrics")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, timeout=30)
    assert (code, done.returncode, done.stdout + done.stderr) == (200, 0, "")


def test_the_status_page_names_every_part(house: House) -> None:
    code, page = house.views.page("/")
    assert code == 200
    for part in ("Nginx", "Gunicorn", "PostgreSQL", "Redis", "Celery", "Beat"):
        assert part in page


def test_postgres_never_sees_more_than_two_connections_of_the_daemon(house: House) -> None:
    plan = house.stack.plan
    connection = psycopg2.connect(
        host="127.0.0.1", port=plan.ports["postgres"], dbname="postgres", user="postgres", password=plan.postgres_password
    )
    connection.autocommit = True
    counts = []
    with connection.cursor() as cursor:
        end = time.monotonic() + 4 * INTERVAL
        while time.monotonic() < end:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'healthd'")
            counts.append(cursor.fetchone()[0])
            time.sleep(0.005)
    connection.close()
    assert 1 <= max(counts) <= 2


def test_redis_never_sees_more_than_one_connection_and_three_of_the_broker(house: House) -> None:
    """Redis lists its clients by port; the kernel knows which of these ports are the daemon's."""
    plan = house.stack.plan
    client = redis.Redis(port=plan.ports["redis"], password=plan.redis_password)
    counts = []
    end = time.monotonic() + 4 * INTERVAL
    while time.monotonic() < end:
        mine = local_ports(house.stack.root("healthd").pid, plan.ports["redis"])
        listed = {int(entry["addr"].rpartition(":")[2]) for entry in client.client_list()}
        counts.append(len(mine & listed))
        time.sleep(0.005)
    client.close()
    assert 1 <= max(counts) <= 4
