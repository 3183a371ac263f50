"""SIGKILL at random instants around a change, while receivers misbehave; the history of it all keeps every guarantee.

A failure prints its seed: `--seed N` runs the same script again. What the machine does in between is not repeated.
"""

from __future__ import annotations

import random
import shutil
import time
from contextlib import ExitStack

import pytest

from checker import check
from history import FIRING, Killed
from house import House, MakeHouse
from peers import TROUBLES
from stack.waiting import until

HISTORIES = 5
ROUNDS = 10  # in each; 200 with --full
RECEIVERS = {"steady": "webhook", "shaky": "webhook", "pager": "pagerduty", "oncall": "alertmanager"}
STEADY = "steady"  # is never bad, so that it is what the others are compared with


@pytest.mark.parametrize("history", range(HISTORIES))
def test_every_guarantee_holds_across_kills(
    make_house: MakeHouse, request: pytest.FixtureRequest, full: bool, history: int
) -> None:
    seed = request.config.getoption("--seed") + history
    house = make_house(targets=3, receivers=RECEIVERS)
    context = f"--seed {seed - history}, history {history}"
    house.start()
    try:
        play(house, random.Random(seed), 20 * ROUNDS if full else ROUNDS)
    finally:
        print(context)
    assert len(house.history.of(Killed)) >= ROUNDS
    house.verify(context)


def play(house: House, chance: random.Random, rounds: int) -> None:
    for number in range(rounds):
        with ExitStack() as troubles:
            for receiver in [name for name in house.receivers if name != STEADY]:
                if chance.random() < 0.3:
                    troubles.enter_context(house.peers[receiver].trouble(chance.choice(TROUBLES)))
            one_round(house, chance)
        if chance.random() < 0.2 or number == rounds - 1:
            house.settle()
            assert not [each for each in (house.process,) if each and each.poll() is not None], house.log_tail()


def one_round(house: House, chance: random.Random) -> None:
    """A change, perhaps time to notice it, a kill within half a second, and a new daemon that may be killed while it starts."""
    for target in chance.sample(house.targets, chance.choice((1, 1, 2, 3))):
        target.turn(not target.well)
    until(time.monotonic() + chance.choice((0, 0, 0.3, 0.9)) + chance.uniform(0, 0.5))
    house.kill()
    while chance.random() < 0.3:
        house.start(wait=False)
        until(time.monotonic() + chance.uniform(0, 0.3))
        house.kill()
    house.start()


def test_the_checker_finds_a_daemon_that_forgets(make_house: MakeHouse) -> None:
    """The proof that this suite can fail: what is on the disk is taken away at a kill."""
    house = make_house(targets=2, receivers={"steady": "webhook", "shaky": "webhook"})
    lasting, ending = house.targets
    house.start()
    for target in house.targets:
        target.turn(False)
    house.settle()
    house.kill()
    shutil.rmtree(house.state)
    house.state.mkdir(mode=0o700)
    ending.turn(True)
    house.start()
    house.wait_told("steady", FIRING, lasting.alert)
    house.settle(within=5)
    assert {violation.guarantee for violation in check(house.history)} == {"G2", "G3"}
