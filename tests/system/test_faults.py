"""Each fault of the table: said in time, about nobody else, with a runbook, and taken back after mending."""

from __future__ import annotations

import pytest

from conftest import House
from faults import FAULTS, Fault
from observation import Observation, observe

SLOWEST_METRICS = 1.0


@pytest.fixture(scope="module", params=FAULTS, ids=str)
def seen(request: pytest.FixtureRequest, house: House, timing: list[str]) -> Observation:
    """The fault happens once; all tests below look at the same observation."""
    fault: Fault = request.param
    result = observe(house, fault)
    fired, resolved = seconds(result.detected_after), seconds(result.resolved_after)
    timing.append(f"{str(fault):22} {fault.alert:20} fired after {fired} (at most {fault.within:g} s), resolved after {resolved}")
    return result


def seconds(value: float | None) -> str:
    return "  never" if value is None else f"{value:5.1f} s"


def test_the_right_alert_is_at_alertmanager_in_time(seen: Observation) -> None:
    assert seen.detected_after is not None, f"{seen.fault.alert} did not fire; firing were {sorted(seen.seen)}"
    assert seen.detected_after <= seen.fault.within
    assert seen.alert["labels"]["probe"] == seen.fault.probe


def test_no_innocent_part_is_accused(seen: Observation) -> None:
    guilty = {seen.fault.alert} | seen.fault.also
    assert seen.seen <= guilty
    assert seen.seen_after <= guilty | seen.fault.afterwards


def test_its_runbook_link_answers(seen: Observation) -> None:
    assert seen.runbook_status == 200
    assert seen.fault.alert in seen.runbook_text


def test_it_is_resolved_after_mending_and_both_receivers_heard_of_it(seen: Observation) -> None:
    assert seen.resolved_after is not None
    assert all(seen.told.values()), seen.told


def test_meanwhile_the_other_probes_start_in_time(seen: Observation) -> None:
    others = {probe: counts for probe, counts in seen.late_starts.items() if probe != seen.fault.probe}
    assert all(runs >= 2 for _, runs in others.values()), f"each other probe went on: {others}"
    assert not {probe: counts for probe, counts in others.items() if counts[0] > 0}, "(late by 100 ms or more, of all)"


def test_meanwhile_metrics_answer_within_a_second(seen: Observation) -> None:
    assert 0 < seen.slowest_metrics < SLOWEST_METRICS
