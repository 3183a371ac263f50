"""Who watches the watcher: the heartbeat and the watchdog, each proved by breaking what it stands for."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from formats import Said
from history import FIRING, History
from house import House, MakeHouse
from peers import Peer
from stack.ports import free_ports
from stack.waiting import wait_until

WATCHDOG = "HealthdWatchdog"
EVERY = 1.0
SELF = 40.0  # the daemon looks at itself every 15 s
SECRET = "b7e4-secret-path"


class Monitor:
    """A dead man's switch outside, such as healthchecks: `PATH` is well, `PATH/fail` is not."""

    def __init__(self) -> None:
        self.peer = Peer("monitor", History({}), lambda headers, body: Said([]), f"/{SECRET}")

    def since(self, at: float) -> list[bool]:
        """Whether all was well, by each sign of life after this moment."""
        return [not heard.path.endswith("/fail") for heard in list(self.peer.heard) if heard.at > at]

    def wait(self, well: bool, within: float = 15) -> str:
        """For three in a row that say so. Returns the last one's words."""
        began = time.time()
        wait_until(lambda: self.since(began)[-3:] == [well] * 3, within, f"signs of life say {well}", step=0.1)
        return str(self.peer.heard[-1].body)


@pytest.fixture
def monitor() -> Any:
    monitor = Monitor()
    yield monitor
    monitor.peer.close()


def make(make_house: MakeHouse, monitor: Monitor, **more: Any) -> House:
    return make_house(heartbeat={"url": monitor.peer.url, "interval": "1s"}, **more)


def test_it_comes_while_all_is_well_and_while_a_target_is_not(make_house: MakeHouse, monitor: Monitor) -> None:
    """A fault of the stack is what the daemon is for: it is no fault of the daemon."""
    house = make(make_house, monitor, targets=2)
    house.start()
    monitor.wait(True)
    house.targets[0].turn(False)
    house.wait_told("hook", FIRING)
    monitor.wait(True)
    assert (house.metrics().value("healthd_heartbeat_success") or 0) == 1
    assert SECRET not in house.log_text() + house.page("/metrics") + house.page("/") + house.page("/api/v1/status")


def test_it_says_fail_when_nobody_can_be_told(make_house: MakeHouse, monitor: Monitor) -> None:
    house = make(make_house, monitor, receivers={"one": "webhook", "other": "webhook"})
    house.start()
    monitor.wait(True)
    one, other = house.peers.values()
    with one.trouble("is_away"):
        house.targets[0].turn(False)
        house.wait_told("other", FIRING)
        monitor.wait(True)  # one is enough
        with other.trouble("refuses"):
            house.targets[0].turn(True)
            assert "receiver" in monitor.wait(False)
            assert (house.metrics().value("healthd_notification_queue_length") or 0) > 0
    monitor.wait(True, within=40)
    house.settle()
    house.verify()


def test_it_says_fail_when_we_are_blind(make_house: MakeHouse, monitor: Monitor) -> None:
    """Every target fails, and so does what our connectivity is known by."""
    closed = free_ports(["closed"])["closed"]
    hasty = {"overrides": {"HealthdMonitorBlind": {"for": "1s"}}}
    house = make(make_house, monitor, targets=2, connectivity=[f"127.0.0.1:{closed}"], alerts=hasty)
    house.start()
    monitor.wait(True)
    house.targets[0].turn(False)
    house.wait_told("hook", FIRING)
    monitor.wait(True)
    house.targets[1].turn(False)
    assert "blind" in monitor.wait(False)
    assert house.metrics().value("healthd_monitor_blind") == 1
    house.wait_told("hook", FIRING, "HealthdMonitorBlind/healthd", within=SELF)
    for target in house.targets:
        target.turn(True)
    monitor.wait(True)


def test_it_stops_when_the_daemon_does(make_house: MakeHouse, monitor: Monitor) -> None:
    """A frozen loop, a killed process."""
    house = make(make_house, monitor)
    house.start()
    monitor.wait(True)
    assert house.process
    house.process.send_signal(signal.SIGSTOP)
    stopped = time.time() + 0.5
    wait_until(lambda: time.time() > stopped + 4 * EVERY, 10, "four intervals")
    assert monitor.since(stopped) == []
    house.process.send_signal(signal.SIGCONT)
    monitor.wait(True)
    house.kill()
    killed = time.time() + 0.5
    wait_until(lambda: time.time() > killed + 3 * EVERY, 10, "three intervals")
    assert monitor.since(killed) == []


@pytest.mark.parametrize("trouble", ["hangs", "refuses", "is_away"])
def test_a_bad_monitor_holds_up_nobody(make_house: MakeHouse, monitor: Monitor, trouble: str) -> None:
    house = make(make_house, monitor)
    house.start()
    monitor.wait(True)
    monitor.peer.behave(trouble)
    began = time.time()
    house.targets[0].turn(False)
    house.wait_told("hook", FIRING)
    assert time.time() - began < 3
    house.settle()
    house.verify()
    if trouble != "hangs":
        wait_until(lambda: house.metrics().value("healthd_heartbeat_success") == 0, 10, "it is known to be lost", step=0.1)
    monitor.peer.behave("")
    monitor.wait(True)


@pytest.mark.full
def test_it_says_fail_when_nothing_was_kept_for_a_quarter_of_an_hour(make_house: MakeHouse, monitor: Monitor) -> None:
    house = make(make_house, monitor)
    house.state.rmdir()
    house.start()
    monitor.wait(True)
    assert "state" in monitor.wait(False, within=16 * 60)


def test_the_watchdog_is_told_to_alertmanager_alone_and_stops_with_the_daemon(make_house: MakeHouse) -> None:
    house = make_house(receivers={"hook": "webhook", "oncall": "alertmanager"})
    house.start()
    house.wait_told("oncall", FIRING, f"{WATCHDOG}/healthd")
    told = house.history.told()

    def count() -> int:
        return len(house.history.told()["oncall", f"{WATCHDOG}/healthd"])

    before = count()
    wait_until(lambda: count() >= before + 3, 10, "it is told again and again")
    assert not [alert for receiver, alert in told if receiver == "hook" and alert.startswith(WATCHDOG)]
    house.kill()
    wait_until(lambda: time.time(), 1, "a moment")
    before = count()
    end = time.time() + 3
    wait_until(lambda: time.time() > end, 10, "three intervals")
    assert count() == before
    house.start()
    wait_until(lambda: count() > before, 10, "it comes again")
