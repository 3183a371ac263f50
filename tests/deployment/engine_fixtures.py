"""Fixtures: one Docker Engine and one running deployment for the whole suite, or one clear line why there is none."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Iterator

import pytest

from engine_docker import Engine
from engine_room import CannotRun, Room
from engine_stack import Deployment
from engine_watch import Watch
from progress import say

_why_not = ""


def skip_without_engine(reason: str) -> None:
    global _why_not
    _why_not = reason
    pytest.skip(f"no Docker Engine here: {reason}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Else the reason would stand in pytest's short summary only, once for each test."""
    if _why_not:
        terminalreporter.write_line(f"NOT RUN: the tests with a real Docker Engine, because {_why_not}", yellow=True)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Ended at the end, with a look at what it left."""
    if _why_not:
        skip_without_engine(_why_not)
    room = None
    try:
        room = Room()
        made = Engine(room)
    except CannotRun as reason:
        if room:
            room.close()
        skip_without_engine(str(reason))
    say("dockerd runs")
    try:
        yield made
    finally:
        made.close()
        left = room.container_processes()
        room.close()
        made.sweep()
    assert not left, f"dockerd has ended and left processes of containers: {left}"


@pytest.fixture(scope="session")
def watched(engine: Engine, binary: Path) -> Iterator[Watch]:
    """The deployment, up, and superset-healthd on its host."""
    deployment = Deployment(engine, binary)
    say("the image is built")
    watch = Watch(deployment)
    try:
        watch.install(binary)
        deployment.up()
        say("the deployment is up")
        watch.start()
        say("superset-healthd watches it")
        yield watch
        deployment.down()
        say("the deployment is down")
        assert not engine.running(), "containers are left after `docker compose down`"
    except BaseException:
        with suppress(Exception):  # the report of a failure must not hide it, nor what ends it
            print(deployment.report())
        raise
    finally:
        watch.receiver.close()


@pytest.fixture
def deployment(watched: Watch) -> Deployment:
    return watched.deployment
