"""A stack that is well, with slow answers and a network that loses a little: nobody is told anything."""

from __future__ import annotations

import os
import random
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterator

from gate import Gate
from household import PAGES, RECEIVERS, Household
from netns import own_network
from stack.plan import Plan
from stack.waiting import wait_until, watch
from told import FIRING, WATCHDOG

Record = Callable[[str, object], None]
LOSS = "numgen random mod 1000 < 10 drop"
BEHIND_GATES = ("https", "gunicorn", "postgres", "redis")
# What is lost is sent again after a second at worst, which a probe has to survive.
PATIENT = replace(PAGES, timeout="1900ms")


@contextmanager
def lossy_packets(binary: Path) -> Iterator[Household]:
    """In a network of its own, which drops one packet of a hundred."""
    with own_network() as network, Household(binary, PATIENT, slowest_answer=0.2) as house:
        network.rule(LOSS)
        yield house


@contextmanager
def lossy_connections(binary: Path) -> Iterator[Household]:
    """Without the right to a network: gates between the daemon and the servers, which cut everything for 1 % of the time."""
    with ExitStack() as held:
        gates: list[Gate] = []

        def through_gates(plan: Plan) -> Plan:
            gates.extend(held.enter_context(Gate(plan.ports[name])) for name in BEHIND_GATES)
            return replace(plan, ports=plan.ports | {name: gate.port for name, gate in zip(BEHIND_GATES, gates)})

        house = held.enter_context(Household(binary, PATIENT, between=through_gates, slowest_answer=0.2))
        over = threading.Event()
        cutter = threading.Thread(target=cut_now_and_then, args=(gates, over))
        cutter.start()
        try:
            yield house
        finally:
            over.set()
            cutter.join()


def cut_now_and_then(gates: list[Gate], over: threading.Event) -> None:
    while not over.wait(random.uniform(1, 3)):
        gate = random.choice(gates)
        gate.cut()
        over.wait(0.02 * len(gates))
        gate.pass_on()


def test_slow_answers_and_a_little_loss_tell_nobody(binary: Path, full: bool, record_property: Record) -> None:
    how, kind = (lossy_packets, "packets") if os.geteuid() == 0 else (lossy_connections, "connections")
    seconds = 900 if full else 60
    with how(binary) as house:
        seen: set[str] = set()

        def nobody_is_told() -> None:
            seen.update(house.not_up())
            assert not house.told(), house.story()

        watch(seconds, nobody_is_told, step=0.5)
        what = f"{seconds} s with slow answers and 1 % of all {kind} lost"
        record_property("line", f"{what}: not up now and then: {sorted(seen)}")
        assert not house.incidents() and not house.complaints()
        check_watchdog(house)


def check_watchdog(house: Household) -> None:
    """It arrives where something watches for its absence, and wakes nobody."""

    def heard() -> set[tuple[str, str]]:
        return {(news.receiver, news.state) for news in house.all_told() if news.alert == WATCHDOG}

    wait_until(heard, 10, "the watchdog at Alertmanager")
    assert heard() == {(RECEIVERS[0], FIRING)}
