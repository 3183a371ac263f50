"""A receiver that is bad in any way holds up nobody else, and is told in the end, with a word on how late that is."""

from __future__ import annotations

from typing import Callable

import pytest

from checker import LATE
from history import FIRING, RESOLVED, Message, Started
from house import House, MakeHouse
from peers import TROUBLES
from stack.waiting import wait_until

OTHERS = 4
MOST = 1.0  # seconds, by the contract (G5)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_it_delays_no_other(
    make_house: MakeHouse, trouble: str, record_property: Callable[[str, object], None]
) -> None:
    """G5, measured: of five receivers one is bad; the others hear of every fault within a second of the first to hear."""
    house = make_house(targets=3, receivers={"bad": "webhook"} | {f"good{i}": "webhook" for i in range(OTHERS)})
    house.start()
    worst = 0.0
    with house.peers["bad"].trouble(trouble):
        for well in (False, True):
            for target in house.targets:
                target.turn(well)
                for number in range(OTHERS):
                    house.wait_told(f"good{number}", RESOLVED if well else FIRING, target.alert)
                worst = max(worst, spread(house, target.alert, RESOLVED if well else FIRING))
    record_property("line", f"a receiver that {trouble} cost the others {worst * 1000:.0f} ms at most")
    assert worst <= MOST
    house.settle()
    house.verify(trouble)


def spread(house: House, alert: str, state: str) -> float:
    """Between the first of the good ones that heard, and the last."""
    told = house.history.told()
    heard = [min(m.at for m in told[f"good{number}", alert] if m.state == state) for number in range(OTHERS)]
    return max(heard) - min(heard)


@pytest.mark.parametrize("kind", ["webhook", "alertmanager"])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_it_missed_is_told_when_it_is_back(make_house: MakeHouse, kind: str, trouble: str) -> None:
    """A fault began before, and another came and went."""
    house = make_house(targets=2, receivers={"steady": "webhook", "bad": kind})
    lasting, passing = house.targets
    house.start()
    with house.peers["bad"].trouble(trouble):
        lasting.turn(False)
        passing.turn(False)
        house.wait_told("steady", FIRING, passing.alert)
        passing.turn(True)
        house.wait_told("steady", RESOLVED, passing.alert)
    house.settle()
    house.verify(trouble)
    told = [message.state for message in house.history.told().get(("bad", passing.alert), []) if message.accepted]
    assert (FIRING not in told or RESOLVED in told) and (kind == "alertmanager" or told), told


def test_late_news_says_so(make_house: MakeHouse) -> None:
    """G6: more than a minute. A firing, an end, and what came and went."""
    house = make_house(targets=3, receivers={"steady": "webhook", "bad": "webhook"})
    ending, passing, lasting = house.targets
    house.start()
    ending.turn(False)
    house.wait_told("bad", FIRING, ending.alert)
    with house.peers["bad"].trouble("is_away"):
        ending.turn(True)
        passing.turn(False)
        lasting.turn(False)
        house.wait_told("steady", FIRING, passing.alert)
        passing.turn(True)
        for target, state in ((ending, RESOLVED), (passing, RESOLVED), (lasting, FIRING)):
            house.wait_told("steady", state, target.alert)
        unsent = "healthd_notification_oldest_unsent_seconds"
        enough = LATE + 3
        wait_until(lambda: (house.metrics().value(unsent, receiver="bad") or 0) > enough, LATE + 20, "it is late", step=0.5)
        house.kill()  # the reason for being late must survive this as well; and it tries at once when it is back
    house.start()
    house.settle()
    house.verify("late")
    back = house.history.of(Started)[-1].at
    late = [m for m in house.history.of(Message) if m.receiver == "bad" and m.accepted and m.at > back]
    assert {m.alert for m in late} == {target.alert for target in house.targets}
    assert all("delayed" in m.note.lower() for m in late), late


def test_no_more_than_the_newest_is_told_after_an_outage(make_house: MakeHouse) -> None:
    """The queue is bounded by the number of alerts, however long it lasts and however often they change."""
    house = make_house(receivers={"steady": "webhook", "bad": "webhook"})
    target = house.targets[0]
    house.start()
    with house.peers["bad"].trouble("is_away"):
        for _ in range(5):
            for well in (False, True):
                target.turn(well)
                house.wait_told("steady", RESOLVED if well else FIRING)
        target.turn(False)
        house.wait_told("steady", FIRING)
        assert (house.metrics().value("healthd_notification_queue_length", receiver="bad") or 0) == 1
    house.settle()
    house.verify()
    assert [m.state for m in house.history.told()["bad", target.alert]] == [FIRING]
