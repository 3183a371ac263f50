"""When everything fails at once, and so does what the daemon checks its own connectivity with, it says that it is blind, and no more."""

from __future__ import annotations

import json
import socket
from typing import Iterator

import pytest

from house import House, MakeHouse
from stack.ports import free_ports
from stack.waiting import wait_until

BLIND = "HealthdMonitorBlind"
TEMPO = {"interval": "2s", "timeout": "1s", "retry_interval": "1s", "thresholds": {"keep": "0s", "keep_max": "0s"}}


class Network:
    """What stands for the way out: it takes connections while it is open."""

    def __init__(self) -> None:
        self.port = free_ports(["network"])["network"]
        self._listener: socket.socket | None = None

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))

    def close(self) -> None:
        if self._listener:
            self._listener.close()
        self._listener = None


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    network.open()
    yield network
    network.close()


def told(house: House) -> list[tuple[str, str]]:
    """Name and state of every alert that the webhook took, in order."""
    bodies = house.peers["hook"].accepted()
    return [(alert["labels"]["alertname"], alert["status"]) for body in bodies for alert in body["alerts"]]


def all_are_up(house: House) -> bool:
    return all(probe["state"] == "up" for probe in json.loads(house.page("/api/v1/status"))["probes"])


def make(make_house: MakeHouse, network: Network) -> House:
    house = make_house(
        targets=3,
        connectivity=[f"127.0.0.1:{network.port}"],
        defaults=TEMPO,
        alerts={"overrides": {BLIND: {"for": "2s"}}},
    )
    house.start()
    wait_until(lambda: all_are_up(house), 15, "every target is seen to be well")
    return house


def test_blindness_is_the_one_alert_and_ends_with_the_network(make_house: MakeHouse, network: Network) -> None:
    house = make(make_house, network)
    network.close()
    for target in house.targets:
        target.turn(False)
    wait_until(lambda: (BLIND, "firing") in told(house), 30, "it says that it is blind")
    network.open()
    for target in house.targets:
        target.turn(True)
    wait_until(lambda: (BLIND, "resolved") in told(house), 60, "it sees again")
    assert told(house) == [(BLIND, "firing"), (BLIND, "resolved")]


def test_when_its_own_network_is_well_the_fault_is_the_stacks(make_house: MakeHouse, network: Network) -> None:
    house = make(make_house, network)
    for target in house.targets:
        target.turn(False)
    wait_until(lambda: [state for _, state in told(house)] == ["firing"] * 3, 30, "each is told")
    assert BLIND not in {name for name, _ in told(house)}


def test_a_single_fault_beside_a_lost_network_is_told(make_house: MakeHouse, network: Network) -> None:
    """What the network check looks at may be down by itself; the other targets show that we see."""
    house = make(make_house, network)
    network.close()
    house.targets[0].turn(False)
    wait_until(lambda: told(house), 30, "the fault is told")
    assert [name for name, _ in told(house)] == ["SupersetWebDown"]
