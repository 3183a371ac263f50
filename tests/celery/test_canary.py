"""A task of ours through a queue, and back (C1 to C3)."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from celery_room import CeleryRoom
from row import Bench
from stack.waiting import wait_until

AT_ONCE = {"for": "0s"}


def canary(*queues: str) -> dict[str, Any]:
    return {"queues": list(queues), "interval": "2s", "timeout": "1s", "result_database": 1}


def test_c1_it_comes_back_in_time_and_leaves_nothing(bench: Bench) -> None:
    room = CeleryRoom(bench)
    room.start(partial(room.worker, "w1"), partial(room.worker, "w2", queues="own"))
    with room.watch_workers(canary=canary("celery", "own"), queues=["celery", "own"]) as watch:
        watch.healthy()
        for queue in ("celery", "own"):
            watch.metric("healthd_celery_canary_success", 1, queue=queue)
        first = watch.metrics().value("healthd_celery_canary_roundtrip_seconds_count", queue="own") or 0

        def further() -> bool:
            return (watch.metrics().value("healthd_celery_canary_roundtrip_seconds_count", queue="own") or 0) >= first + 2

        wait_until(further, 15, "two more have come back")
        assert watch.runs()[-1].check("canary") == ("up", "none")
        assert "ERROR" not in "".join(worker.log() for worker in room.workers), "every worker knows the task"


def test_c2_behind_a_full_pool_it_fails_and_is_withdrawn(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, w2 = room.start(partial(room.worker, "w1", queues="own"), partial(room.worker, "w2"))
    probe = room.celery_probe(canary=canary("own", "celery"), queues=["celery", "own"])
    with room.watch(probe, room.probe(), CeleryCanaryFailing=AT_ONCE) as watch:
        watch.healthy()
        watch.metric("healthd_celery_canary_success", 1, queue="own")
        room.hold("one", "two", queue="own")
        for _ in range(4):  # what the worker fetches beforehand is no longer in the queue, and cannot be withdrawn
            room.send("quick", queue="own")
        watch.expect("down", ("no_reply", "timeout"), check="canary", runs=2, within=20)
        watch.metric("healthd_celery_canary_success", 0, queue="own")
        watch.metric("healthd_celery_canary_success", 1, queue="celery")
        watch.raises("CeleryCanaryFailing", queue="own")
        watch.worker(w1, "saturated")
        most = [0]

        def few_and_gone() -> bool:
            """It is taken back: never two of ours in the queue, and at times none."""
            texts = room.admin().lrange("own", 0, -1)
            ours = sum(json.loads(text)["headers"]["task"] == "celery.accumulate" for text in texts)
            most[0] = max(most[0], ours)
            return ours == 0 and most[0] == 1

        wait_until(few_and_gone, 15, "one was seen, and then none", step=0.02)
        room.release("one", "two")
        watch.worker(w1, "healthy")
        watch.metric("healthd_celery_canary_success", 1, queue="own")
        watch.recovers(within=20)
        assert most[0] == 1


def test_c3_a_queue_that_nobody_consumes(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1 = room.worker("w1")
    with room.watch_workers(canary=canary("orphan"), queues=["celery", "orphan"]) as watch:
        watch.begun()
        watch.expect("down", ("no_reply", "timeout"), check="canary", runs=2, within=20)
        wait_until(lambda: room.waiting("orphan") == 0, 10, "it is withdrawn", step=0.02)
        room.tell("add_consumer", w1, queue="orphan")
        watch.metric("healthd_celery_canary_success", 1, queue="orphan")
        watch.recovers(within=20)
