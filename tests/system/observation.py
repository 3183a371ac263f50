"""Carries out one fault and writes down what could be seen; judging it is the tests' part."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from faults import Fault
from pace import INTERVAL, RESOLVE
from stack.waiting import TimedOut, wait_until
from views import fetch

if TYPE_CHECKING:
    from conftest import House

# A fault lasts at least this long, so that what it does to others has time to show.
SHORTEST = 4 * INTERVAL


@dataclass
class Observation:
    """None where something did not happen in time."""

    fault: Fault
    detected_after: float | None = None
    resolved_after: float | None = None
    alert: dict[str, Any] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)  # names of alerts while the fault lasted
    seen_after: set[str] = field(default_factory=set)
    runbook_status: int | None = None
    runbook_text: str = ""
    slowest_metrics: float = 0
    late_starts: dict[str, tuple[float, float]] = field(default_factory=dict)  # probe -> late, all
    told: dict[tuple[str, str], int] = field(default_factory=dict)  # (path, status) -> messages about the alert


def settle(house: House) -> None:
    """Healthy again: every probe up, nothing firing. Also true at the very start."""

    def calm() -> bool:
        return not house.views.not_up() and not house.views.firing()

    try:
        wait_until(calm, RESOLVE, "every probe up and no alert", step=0.2)
    except TimedOut as error:
        raise TimedOut(f"{error}; not up: {house.views.not_up()}; firing: {sorted(house.views.firing())}") from None


def observe(house: House, fault: Fault) -> Observation:
    settle(house)
    result = Observation(fault)
    views = house.views
    before = views.lateness()
    views.slowest_metrics = 0
    began = time.monotonic()
    try:
        getattr(house.stack, fault.how)(fault.part)
        watch_it_fire(house, result, began)
        result.late_starts = late_between(before, views.lateness())
        result.slowest_metrics = views.slowest_metrics
    finally:
        mended = time.monotonic()
        house.stack.mend(fault.part)
    watch_it_resolve(house, result, mended)
    count_messages(house, result, began)
    return result


def watch_it_fire(house: House, result: Observation, began: float) -> None:
    """Polls until the alert is at Alertmanager and the fault has lasted a while, or until it is too late."""
    fault = result.fault
    while True:
        passed = time.monotonic() - began
        firing = house.views.firing()
        result.seen |= firing.keys()
        if fault.alert in firing and result.detected_after is None:
            result.detected_after = passed
            result.alert = firing[fault.alert]
            result.runbook_status, result.runbook_text = fetch(result.alert["annotations"]["runbook_url"])
        house.views.metrics()
        if passed > fault.within or (result.detected_after is not None and passed > SHORTEST):
            return
        time.sleep(0.1)


def watch_it_resolve(house: House, result: Observation, mended: float) -> None:
    def gone() -> bool:
        firing = house.views.firing()
        result.seen_after |= firing.keys()
        return result.fault.alert not in firing

    try:
        wait_until(gone, RESOLVE, "resolved", step=0.1)
        result.resolved_after = time.monotonic() - mended
    except TimedOut:
        pass


def late_between(before: dict[str, tuple[float, float]], after: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """How many of the starts in between were later than 100 ms, and how many there were."""
    late = {}
    for probe, (within, total) in after.items():
        was_within, was_total = before[probe]
        runs = total - was_total
        late[probe] = (runs - (within - was_within), runs)
    return late


def count_messages(house: House, result: Observation, began: float) -> None:
    """Both ways to the receiver: through Alertmanager and straight. A resolved message may still be under way."""
    for path in ("/alertmanager", "/hook"):
        for status in ("firing", "resolved"):

            def told(path: str = path, status: str = status) -> int:
                return len(house.receiver.alerts(path, result.fault.alert, status, began))

            try:
                result.told[path, status] = wait_until(told, 10, f"{status} at {path}")
            except TimedOut:
                result.told[path, status] = 0
