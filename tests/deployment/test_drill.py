"""Drills: the commands of the runbooks, exactly as written, on the running deployment, broken and healthy."""

from __future__ import annotations

import time
from typing import Iterator

import pytest

from drill_case import Case
from drill_cases import CASES
from drill_run import Drill
from engine_watch import Watch
from progress import say

_last = "nothing"  # the drill before, for the one who finds the deployment broken


@pytest.fixture
def sound(watched: Watch) -> Iterator[Watch]:
    """Everything is healthy before the drill and is made healthy after it, so that the next one has a chance."""
    global _last
    unwell = watched.deployment.unwell()
    assert not unwell, f"the deployment is unwell after {_last}: {unwell}"
    yield watched


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name, marks=[] if case.default else pytest.mark.full) for case in CASES])
def test_the_page_mends_it(case: Case, sound: Watch) -> None:
    global _last
    _last = case.name
    began = time.monotonic()
    try:
        Drill(case, sound).run()
        case.afterwards(sound)
        sound.wait_healthy()
    except BaseException:
        say(f"drill {case.name}: failed after {time.monotonic() - began:.0f} s")
        sound.deployment.recover()
        sound.room.run(["systemctl", "restart", "superset-healthd"])
        raise
    say(f"drill {case.name}: done in {time.monotonic() - began:.0f} s")
