"""The deployment under a real Docker Engine: every part comes up, the monitor sees it, and each stop is one page."""

from __future__ import annotations

import time

import pytest

from engine_stack import SERVICES, Deployment
from engine_watch import DEAF, Watch
from progress import say
from stack.waiting import wait_until, watch as keep_looking

# What somebody is paged for when a service is stopped: this, and nothing that follows from it.
PAGES = {
    "redis-broker": "RedisDown",
    "postgres": "PostgresDown",
    "superset": "SupersetWebDown",
    "worker": "CeleryNoWorkers",
    "beat": "CeleryBeatDown",
    "nginx": "SupersetEdgeDown",
}
# What may come once the service is back, for it is true: Celery's own trouble, not an effect that should have been held back.
AFTERMATH = {"redis-broker": {DEAF}}
SHORT = ("redis-broker", "postgres")


def test_up_turns_every_service_healthy(deployment: Deployment) -> None:
    health = deployment.health()
    assert {name: health[name] for name in SERVICES} == {name: "healthy" for name in SERVICES}
    assert health["superset-init"] == "exited"


def test_every_probe_is_up(watched: Watch) -> None:
    """With the shipped configuration, the accounts of `grants`, and the shipped ports. Beat ticks once a minute."""
    watched.wait_all_up(180)


def test_the_accounts_have_exactly_the_rights_they_need(watched: Watch) -> None:
    watched.room.do(["superset-healthd", "grants", "--check"])


def test_secrets_are_in_no_list_of_processes_and_no_environment(deployment: Deployment) -> None:
    words = deployment.room.do(["sh", "-c", "cat /opt/superset/secrets/*"]).split()
    ids = deployment.room.do(["docker", "ps", "--quiet"]).split()
    for container in ids:
        seen = deployment.room.do(["docker", "inspect", container]) + deployment.room.do(["docker", "top", container, "-eo", "pid,args"])
        assert not [word for word in words if word in seen]


@pytest.mark.parametrize("service", [pytest.param(name, marks=[] if name in SHORT else pytest.mark.full) for name in PAGES])
def test_a_stop_is_one_page_and_a_start_takes_it_back(service: str, watched: Watch) -> None:
    watched.wait_all_up(180)
    began = time.monotonic()
    page = PAGES[service]
    watched.deployment.compose("stop", "--timeout", "5", service)
    wait_until(lambda: page in watched.told("firing", began), 240, f"{page} at the receiver; it has {watched.told('firing', began)}")
    keep_looking(8, lambda: only(watched.told("firing", began), page))
    watched.deployment.compose("start", service)
    wait_until(lambda: page in watched.told("resolved", began), 240, f"{page} resolved")
    watched.wait_all_up(240)
    watched.wait_healthy()
    only(watched.told("firing", began) - AFTERMATH.get(service, set()), page)
    say(f"{service} stopped and started: {page}, in {time.monotonic() - began:.0f} s")


def only(told: set[str], page: str) -> None:
    assert told == {page}
