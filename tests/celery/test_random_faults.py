"""One random fault after the other, each mended before the next. At the end, everything is called healthy again.

HEALTHD_SEED repeats what a run did.
"""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import contextmanager
from functools import partial
from typing import Any, Callable, ContextManager, Iterator

import pytest

from celery_room import CeleryRoom, ask_to_end, gone
from mending import Outage, mend
from row import Bench
from servers_of_celery import Worker
from stack import processes

SHORT, LONG = 60, 600  # seconds
MENDED_WITHIN = 90


class Site:
    """A broker, three workers of different pools and Beat, and what may befall them."""

    def __init__(self, bench: Bench, dice: random.Random) -> None:
        self.room = CeleryRoom(bench)
        self.dice = dice
        pools = {"w1": "prefork", "w2": "prefork", "w3": "threads"}
        *self.workers, self.beat = self.room.start(
            *(partial(self.room.worker, name, pool=pool, queues=f"celery,{name}") for name, pool in pools.items()),
            self.room.beat,
        )
        self._held = 0

    def faults(self) -> list[Callable[[], ContextManager[Any]]]:
        """Each is a `with` block: inside it the fault is there, after it all is mended, as far as we can."""
        return [
            self.worker_stopped, self.worker_killed, self.worker_ended, self.pool_full, self.pool_process_stopped,
            self.consumer_cancelled, self.beat_killed, self.beat_stopped, self.broker_frozen, self.broker_restarted,
            self.broker_full, self.connections_cut,
        ]  # fmt: skip

    def any_worker(self) -> Worker:
        return self.dice.choice(self.workers)

    @contextmanager
    def worker_stopped(self) -> Iterator[None]:
        worker = self.any_worker()
        worker.signal(signal.SIGSTOP)
        yield
        worker.signal(signal.SIGCONT)

    @contextmanager
    def worker_killed(self) -> Iterator[None]:
        worker = self.any_worker()
        worker.kill()
        yield
        worker.start()

    @contextmanager
    def worker_ended(self) -> Iterator[None]:
        worker = self.any_worker()
        ask_to_end(worker)
        gone(worker)
        yield
        worker.start()

    @contextmanager
    def pool_full(self) -> Iterator[None]:
        worker = self.any_worker()
        self._held += 1
        names = [f"held{self._held}{letter}" for letter in "ab"]
        for name in names:
            self.room.send("hold", name, queue=worker.server.name)
        yield
        self.room.release(*names)

    @contextmanager
    def pool_process_stopped(self) -> Iterator[None]:
        worker = self.dice.choice(self.workers[:2])
        child = worker.stop_child()
        for _ in range(4):
            self.room.send("quick", queue=worker.server.name)
        yield
        processes.send(child, signal.SIGCONT)

    @contextmanager
    def consumer_cancelled(self) -> Iterator[None]:
        worker = self.any_worker()
        self.room.publish("cancel_consumer", worker, queue="celery")
        yield
        self.room.publish("add_consumer", worker, queue="celery")

    @contextmanager
    def beat_killed(self) -> Iterator[None]:
        self.beat.kill()
        yield
        self.beat.start()

    @contextmanager
    def beat_stopped(self) -> Iterator[None]:
        self.beat.freeze()
        yield
        self.beat.thaw()

    @contextmanager
    def broker_frozen(self) -> Iterator[None]:
        self.room.running.freeze()
        yield
        self.room.running.thaw()

    @contextmanager
    def broker_restarted(self) -> Iterator[None]:
        outage = Outage(self.room)
        outage.begin()
        yield
        outage.end()
        mend(self.room)

    @contextmanager
    def broker_full(self) -> Iterator[None]:
        admin = self.room.admin()
        admin.set("ballast", "x" * 3_000_000)
        admin.config_set("maxmemory", "2mb")
        yield
        admin.config_set("maxmemory", "64mb")

    @contextmanager
    def connections_cut(self) -> Iterator[None]:
        self.room.admin().client_kill_filter(_type=self.dice.choice(["pubsub", "normal"]), skipme=True)
        yield


def test_after_random_faults_everything_is_called_healthy(bench: Bench, request: pytest.FixtureRequest) -> None:
    seed = int(os.environ.get("HEALTHD_SEED", time.time_ns() % 1_000_000))
    print(f"HEALTHD_SEED={seed}")
    dice = random.Random(seed)
    site = Site(bench, dice)
    room = site.room
    probes = [room.celery_probe(expected_workers=3, queues=["celery", "w1", "w2", "w3"]), room.probe(), room.beat_probe()]
    with room.watch(*probes) as watch:
        watch.healthy()
        watch.accuses_anybody()
        end = time.monotonic() + (LONG if request.config.getoption("--full") else SHORT)
        deck: list[Callable[[], ContextManager[Any]]] = []
        while time.monotonic() < end:
            if not deck:
                deck = site.faults()
                dice.shuffle(deck)
            fault = deck.pop()
            runs = dice.randint(1, 16)
            print(f"{fault.__name__} for {runs} runs")
            with fault():
                watch.await_runs(runs, within=runs * 3 + 10)
            watch.await_runs(dice.randint(1, 4), within=20)
        mend(room)
        for worker in room.workers:
            watch.worker(worker, "healthy", within=MENDED_WITHIN)
        watch.recovers(within=30, probe=["workers", "broker", "beat"])
        watch.beat("alive", within=30)
