"""What a receiver was told is taken back with the reason, when the configuration no longer asks for it."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from history import FIRING, RESOLVED
from house import KINDS, MakeHouse
from stack.waiting import wait_until
from targets import ALERTNAME


def without_the_probe(configuration: dict[str, Any]) -> None:
    configuration["probes"] = configuration["probes"][1:]


def without_the_rule(configuration: dict[str, Any]) -> None:
    configuration["alerts"] = {"overrides": {ALERTNAME: {"enabled": False}}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", [without_the_probe, without_the_rule])
@pytest.mark.parametrize("killed", [True, False], ids=["killed", "stopped in order"])
def test_an_alert_that_is_no_longer_watched_is_taken_back(
    make_house: MakeHouse, kind: str, change: Callable[[dict[str, Any]], None], killed: bool
) -> None:
    house = make_house(targets=2, receivers={"only": kind})
    removed = house.targets[0]
    house.start()
    removed.turn(False)
    house.wait_told("only", FIRING, removed.alert)
    if killed:
        house.kill()
    else:
        assert house.stop() == 0
    house.start(change=change)
    house.wait_told("only", RESOLVED, removed.alert)
    if kind == "webhook":
        last = house.peers["only"].accepted()[-1]["alerts"][0]
        said = " ".join([*last["annotations"].values(), house.history.told()["only", removed.alert][-1].note])
        assert any(word in said.lower() for word in ("configur", "no longer", "removed")), said
    wait_until(lambda: house.shown(removed.alert) in ("", "resolved"), 5, "the page says the same")


def test_a_receiver_that_is_no_longer_configured_is_forgotten(make_house: MakeHouse) -> None:
    """And the one that stays hears of the end; nothing in the state file holds it up."""
    house = make_house(receivers={"stays": "webhook", "goes": "webhook"})
    house.start()
    house.targets[0].turn(False)
    for name in ("stays", "goes"):
        house.wait_told(name, FIRING)
    house.kill()

    def without_one(configuration: dict[str, Any]) -> None:
        configuration["receivers"] = [each for each in configuration["receivers"] if each["name"] == "stays"]

    house.start(change=without_one)
    house.targets[0].turn(True)
    house.wait_told("stays", RESOLVED)
    wait_until(lambda: house.stop() == 0, 15, "stopped in order")
    assert {commit.receiver for commit in house.commits()} <= {"stays"}
