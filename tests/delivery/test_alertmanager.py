"""Through a real Alertmanager, which forgets every alert when it restarts and says "resolved" when it hears nothing."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from typing import Any, Iterator

import pytest

import formats
from history import FIRING, RESOLVED, Manner
from house import House, MakeHouse
from peers import Peer
from real_alertmanager import RealAlertmanager
from stack.waiting import until, wait_until

LEAD = 180  # for so long Alertmanager believes what it was told last


@dataclass
class Chain:
    """The daemon, the real Alertmanager, and `through`: who is told by that. `hook` is told by the daemon itself."""

    house: House
    manager: RealAlertmanager

    @property
    def alert(self) -> str:
        return self.house.targets[0].alert

    def start(self) -> None:
        url = self.manager.url

        def with_manager(configuration: dict[str, Any]) -> None:
            manager = {"urls": [url], "resend": "1s", "replay_wait": "2s"}
            configuration["receivers"].append({"name": "am", "alertmanager": manager})

        self.house.start(change=with_manager)

    def turn(self, well: bool, told: tuple[str, ...] = ("hook", "through")) -> None:
        self.house.targets[0].turn(well)
        for receiver in told:
            self.house.wait_told(receiver, RESOLVED if well else FIRING, within=30)

    def told(self) -> list[str]:
        """What Alertmanager made of it, in order, without what it repeats."""
        messages = self.house.history.told().get(("through", self.alert), [])
        states = [message.state for message in messages if message.taken]
        return [state for state, before in zip(states, ["", *states]) if state != before]

    def stays(self, state: str, seconds: float) -> None:
        end = time.time() + seconds
        wait_until(lambda: time.time() > end or self.told()[-1:] != [state], seconds + 5, "time passes", step=0.1)
        assert self.told()[-1:] == [state], self.told()

    def verify(self, *told: str) -> None:
        self.house.settle()
        assert self.told() == list(told)
        self.house.verify()


@pytest.fixture
def chain(make_house: MakeHouse) -> Iterator[Chain]:
    house = make_house()
    through = Peer("through", house.history, formats.webhook)
    house.peers["through"] = through
    house.history.manners["through"] = Manner(resends=True, relayed=True)
    house.receivers["through"] = "through Alertmanager"
    configured = house.configuration

    def without_through() -> dict[str, Any]:
        house.receivers.pop("through")
        try:
            return configured()
        finally:
            house.receivers["through"] = "through Alertmanager"

    house.configuration = without_through  # type: ignore[method-assign]
    manager = RealAlertmanager(house.folder, through.url)
    manager.start()
    try:
        yield Chain(house, manager)
    finally:
        manager.close()


def test_a_fault_and_its_end_arrive(chain: Chain) -> None:
    chain.start()
    chain.turn(False)
    chain.turn(True)
    chain.verify(FIRING, RESOLVED)


def test_the_daemon_is_killed_while_a_fault_lasts(chain: Chain) -> None:
    chain.start()
    chain.turn(False)
    for _ in range(3):
        chain.house.kill()
        chain.start()
    chain.stays(FIRING, 3)
    chain.turn(True)
    chain.verify(FIRING, RESOLVED)


def test_it_is_killed_while_a_fault_lasts(chain: Chain) -> None:
    """No false end, and the true one arrives though Alertmanager has forgotten the fault."""
    chain.start()
    chain.turn(False)
    chain.manager.kill()
    chain.manager.start()
    chain.stays(FIRING, 4)
    chain.turn(True)
    chain.verify(FIRING, RESOLVED)


def test_a_fault_ends_while_it_is_away(chain: Chain) -> None:
    """The end alone would be dropped: a new Alertmanager knows of no fault. It has to be told that first."""
    chain.start()
    chain.turn(False)
    chain.manager.kill()
    chain.turn(True, told=("hook",))
    chain.manager.start()
    chain.house.wait_told("through", RESOLVED, within=40)
    chain.verify(FIRING, RESOLVED)


def test_a_fault_ends_while_it_and_the_daemon_are_away(chain: Chain) -> None:
    chain.start()
    chain.turn(False)
    chain.house.kill()
    chain.manager.kill()
    chain.house.targets[0].turn(True)
    chain.manager.start()
    chain.start()
    chain.house.wait_told("through", RESOLVED, within=40)
    chain.verify(FIRING, RESOLVED)


def test_a_fault_begins_while_it_is_away(chain: Chain) -> None:
    chain.manager.kill()
    chain.start()
    chain.turn(False, told=("hook",))
    chain.manager.start()
    chain.house.wait_told("through", FIRING, within=20)
    chain.turn(True)
    chain.verify(FIRING, RESOLVED)


def test_it_is_frozen_for_a_while(chain: Chain) -> None:
    chain.start()
    chain.turn(False)
    chain.manager.freeze()
    chain.stays(FIRING, 12)  # a request of ours runs into its deadline
    chain.manager.thaw()
    chain.stays(FIRING, 3)
    chain.turn(True)
    chain.verify(FIRING, RESOLVED)


@pytest.mark.full
def test_it_is_gone_for_longer_than_it_believes_us(chain: Chain) -> None:
    """No false end."""
    chain.start()
    chain.turn(False)
    chain.manager.kill()
    chain.stays(FIRING, LEAD + 15)
    chain.manager.start()
    chain.stays(FIRING, 10)
    chain.turn(True)
    chain.verify(FIRING, RESOLVED)


@pytest.mark.full
def test_it_is_frozen_for_longer_than_it_believes_us(chain: Chain) -> None:
    """When it wakes, it may tell of an end before anybody can tell it better. Then it fires again; the true end comes."""
    chain.start()
    chain.turn(False)
    chain.manager.freeze()
    chain.stays(FIRING, LEAD + 15)
    chain.manager.thaw()
    until(time.monotonic() + 10)  # it says what it has to say
    assert chain.told() in ([FIRING], [FIRING, RESOLVED, FIRING])
    chain.turn(True)
    assert chain.told()[-2:] == [FIRING, RESOLVED]


@pytest.mark.full
def test_the_daemon_is_frozen_for_almost_as_long_as_it_is_believed(chain: Chain) -> None:
    chain.start()
    chain.turn(False)
    assert chain.house.process
    chain.house.process.send_signal(signal.SIGSTOP)
    chain.stays(FIRING, LEAD - 15)
    chain.house.process.send_signal(signal.SIGCONT)
    chain.stays(FIRING, 20)
    chain.turn(True)
    chain.verify(FIRING, RESOLVED)


@pytest.mark.full
def test_the_daemon_is_frozen_for_longer(chain: Chain) -> None:
    """Then Alertmanager says "resolved" on its own, as the manual warns; it fires again, and its end is not lost."""
    chain.start()
    chain.turn(False)
    assert chain.house.process
    chain.house.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: chain.told() == [FIRING, RESOLVED], LEAD + 30, "Alertmanager gives up", step=0.5)
    chain.house.process.send_signal(signal.SIGCONT)
    wait_until(lambda: chain.told() == [FIRING, RESOLVED, FIRING], 20, "it fires again")
    chain.turn(True)
    assert chain.told() == [FIRING, RESOLVED, FIRING, RESOLVED]
