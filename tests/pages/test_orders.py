"""A child and its parent fail and recover in any order: the parent is paged once, the child only where it is its own fault."""

from __future__ import annotations

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable

import pytest

from household import RECEIVERS, Household
from stack import processes
from stack.waiting import until
from told import FIRING, RESOLVED, Told

Record = Callable[[str, object], None]
# conftest.py sets it, once for all processes of a run.
SEEDS = "HEALTHD_SEEDS"


@dataclass(frozen=True)
class Family:
    """Two parts, of which one cannot work without the other."""

    parent: str
    parent_alert: str
    child: str
    child_alert: str


FAMILIES = (
    Family("redis", "RedisDown", "worker", "CeleryNoWorkers"),
    Family("gunicorn", "SupersetWebDown", "nginx", "SupersetEdgeDown"),
    Family("redis", "RedisDown", "beat", "CeleryBeatDown"),
)
# A child that fails so long before its parent has been paged by then; one that fails later than that is not.
SURELY_FIRST, SURELY_NOT_FIRST = 14.0, 1.0
# A child that is mended so much later than its parent is paged by then; one that is mended sooner than that is not.
SURELY_LAST, SURELY_NOT_LAST = 24.0, 1.0
# Both are away for so long at the same time, which is enough to be told.
TOGETHER = 18.0


@dataclass(frozen=True)
class Order:
    """Moments in seconds after the beginning."""

    family: Family
    how: str
    child_fails: float
    parent_fails: float
    parent_mends: float
    child_mends: float

    @staticmethod
    def draw(chance: random.Random) -> Order:
        family = chance.choice(FAMILIES)
        first = chance.choice(("child", "parent", "both"))
        lead = 0.0 if first == "both" else chance.choice((chance.uniform(0, 4), chance.uniform(14, 18)))
        child, parent = (0.0, lead) if first == "child" else (lead, 0.0)
        together = max(child, parent) + TOGETHER
        lag = chance.choice((chance.uniform(0, 6), chance.uniform(24, 28)))
        order = (lag, 0.0) if chance.random() < 0.5 else (0.0, lag)
        return Order(family, chance.choice(("kill", "freeze")), child, parent, together + order[0], together + order[1])

    def child_pages(self) -> tuple[int, int]:
        """At least and at most so many at each receiver."""
        early = self.parent_fails - self.child_fails
        late = self.child_mends - self.parent_mends
        surely = early >= SURELY_FIRST or late >= SURELY_LAST
        never = early <= SURELY_NOT_FIRST and late <= SURELY_NOT_LAST
        return (1 if surely else 0), (0 if never else 1)

    def worker_is_well(self, moment: float) -> bool:
        return self.family.child != "worker" or self.child_mends < moment

    def __str__(self) -> str:
        family = self.family
        return (
            f"{self.how} {family.child} at {self.child_fails:.1f} s, {family.parent} at {self.parent_fails:.1f} s; "
            f"mend {family.parent} at {self.parent_mends:.1f} s, {family.child} at {self.child_mends:.1f} s"
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """HEALTHD_SEED repeats one row. Otherwise the controller draws, and its environment tells the processes of pytest-xdist."""
    if "seed" not in metafunc.fixturenames:
        return
    if "HEALTHD_SEED" in os.environ:
        metafunc.parametrize("seed", [int(os.environ["HEALTHD_SEED"])])
        return
    chance = random.Random(os.environ[SEEDS])
    count = 50 if metafunc.config.getoption("--full") else 5
    metafunc.parametrize("seed", [chance.randrange(10**9) for _ in range(count)])


def act_at(began: float, moment: float, act: Callable[[], object]) -> None:
    until(began + moment)
    act()


def carry_out(house: Household, order: Order) -> None:
    """Each of the four at its moment, whatever the others wait for."""
    family, began = order.family, time.monotonic()
    breaking = getattr(house.stack, order.how)
    plan: list[tuple[float, Callable[[], object]]] = [
        (order.child_fails, partial(breaking, family.child)),
        (order.parent_fails, partial(breaking, family.parent)),
        (order.parent_mends, partial(mend, house, family.parent, worker_too=order.worker_is_well(order.parent_mends))),
        (order.child_mends, partial(mend, house, family.child)),
    ]
    with ThreadPoolExecutor(len(plan)) as pool:
        for job in [pool.submit(act_at, began, moment, act) for moment, act in plan]:
            job.result()


def mend(house: Household, part: str, worker_too: bool = False) -> None:
    """That part alone, and without waiting: it is not ready before the other one is.

    A worker whose broker was killed consumes nothing until it is started anew, so that is done as well.
    """
    who = house.stack.root(part)
    if processes.alive(who) and part != "worker":
        processes.thaw_tree(who)
        return
    processes.kill_tree(who)
    house.stack.begin(house.stack.servers[part])
    if worker_too and part == "redis":
        mend(house, "worker")


def judge(house: Household, order: Order) -> None:
    counts, family = house.counts(), order.family
    least, most = order.child_pages()
    for receiver in RECEIVERS:
        for state in (FIRING, RESOLVED):
            assert counts.pop(Told(receiver, family.parent_alert, state), 0) == 1, house.story()
        fired, taken_back = (counts.pop(Told(receiver, family.child_alert, state), 0) for state in (FIRING, RESOLVED))
        assert least <= fired == taken_back <= most, f"{receiver}: {fired} of {least} to {most}\n{house.story()}"
    assert not counts, house.story()
    assert not house.complaints()


def test_the_parent_is_one_page_and_the_child_one_at_most(binary: Path, seed: int, record_property: Record) -> None:
    order = Order.draw(random.Random(seed))
    print(f"HEALTHD_SEED={seed}: {order}")
    with Household(binary) as house:
        carry_out(house, order)
        house.stay_quiet()
        pages = house.counts()[Told("hook", order.family.child_alert, FIRING)]
        record_property("line", f"HEALTHD_SEED={seed}: {order}: the child was paged {pages} times")
        judge(house, order)
