"""The daemon is killed at each step of a delivery, each time that it comes there, for each kind of receiver.

Nothing is random: one fault begins and ends, and the daemon dies once on the way.
"""

from __future__ import annotations

import subprocess

import pytest

from history import FIRING, RESOLVED
from house import KINDS, NOTICED, House, MakeHouse
from stack.waiting import wait_until

FAILPOINTS = ("before_commit", "after_commit", "before_send", "after_send", "after_ack")
OCCURRENCES = (1, 2, 3)


@pytest.mark.parametrize("occurrence", OCCURRENCES)
@pytest.mark.parametrize("failpoint", FAILPOINTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_told_once_and_taken_back_once(
    make_house: MakeHouse, kind: str, failpoint: str, occurrence: int
) -> None:
    house = make_house(receivers={"only": kind}, defaults={"interval": "100ms", "timeout": "100ms"})
    house.start(f"{failpoint}:{occurrence}", wait=False)
    house.targets[0].turn(False)
    began_again = outlive(house, "only", FIRING)
    house.settle()
    house.targets[0].turn(True)
    began_again = outlive(house, "only", RESOLVED) or began_again
    house.settle()
    house.verify(f"{failpoint}:{occurrence}, {kind}")
    # A receiver without a resend is sent to twice in a whole run; what it never comes to, it cannot die of.
    assert began_again or occurrence > 2, f"it never came to {failpoint} for the {occurrence}. time"


def outlive(house: House, receiver: str, state: str) -> bool:
    """Starts the daemon again when it dies; returns once the receiver was told. Whether it died."""
    died = False

    def told() -> bool:
        nonlocal died
        assert house.process
        if house.process.poll() is not None:
            died = True
            house.wait_dead()
            house.start()
        return house.last_told(receiver, house.targets[0].alert) == state

    wait_until(told, 20, f"told {state}", step=0.01)
    try:
        # What it does after the answer, such as keeping it, may be what it dies of.
        house.process.wait(0.3)  # type: ignore[union-attr]
    except subprocess.TimeoutExpired:
        return died
    house.wait_dead()
    house.start()
    return True


def test_a_daemon_that_dies_while_it_tidies_its_file_loses_nothing(make_house: MakeHouse) -> None:
    """The log of the database is folded into the file after 200 pages."""
    house = make_house(targets=3)
    house.start("mid_checkpoint:1")
    assert house.process
    first = house.targets[0]
    for _ in range(40):
        for target in house.targets:
            target.turn(not target.well)
        state = RESOLVED if first.well else FIRING
        told = lambda: house.last_told("hook", first.alert) == state or has_died(house)  # noqa: E731
        wait_until(told, NOTICED, f"told {state}, or dead", step=0.01)
        if has_died(house):
            break
    house.wait_dead(1)
    house.start()
    house.settle()
    for target in house.targets:
        target.turn(True)
    house.settle()
    house.verify("mid_checkpoint")


def has_died(house: House) -> bool:
    return house.process is not None and house.process.poll() is not None
