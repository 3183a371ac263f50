"""superset-healthd with the shipped configuration: all is up, and each part that stops is named."""

from __future__ import annotations

import json
import urllib.request

import pytest

from stack.waiting import TimedOut, wait_until

from superset_site import Site


def states(site: Site) -> dict[str, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{site.ports['healthd']}/api/v1/status", timeout=5) as answer:
        return {probe["name"]: probe["state"] for probe in json.load(answer)["probes"]}


def wait_all_up(site: Site, seconds: float) -> None:
    try:
        wait_until(lambda: set(states(site).values()) == {"up"}, seconds, "every probe is up", step=0.5)
    except TimedOut as late:
        raise TimedOut(f"{late}: {states(site)}\n{site.parts['healthd'].said()[-2000:]}") from None


@pytest.fixture(autouse=True)
def whole(site: Site) -> None:
    # Beat is unknown until it has ticked twice.
    wait_all_up(site, 150)


@pytest.mark.parametrize(
    ("part", "named"),
    [("superset", {"app", "edge"}), ("worker", {"workers"}), ("redis-cache", {"cache"}), ("postgres", {"metadata"})],
)
def test_a_part_that_stops_is_named(site: Site, part: str, named: set[str]) -> None:
    stopped = site.parts[part]
    stopped.stop(seconds=30)
    try:
        wait_until(lambda: all(states(site)[name] != "up" for name in named), 45, f"{named} not up", step=0.5)
        others = {name for name, state in states(site).items() if state in ("down", "degraded")} - named
        # PostgreSQL and Redis are told apart from who uses them: Superset answers /health without both.
        assert others == set()
    finally:
        stopped.start()
    wait_all_up(site, 120)
