"""The tools of this folder do what rows rely on, without the daemon."""

from __future__ import annotations

import uuid
from functools import partial

from celery_room import CeleryRoom
from mending import consume_nothing
from row import Bench
from stack.waiting import wait_until


def test_a_worker_that_is_asked_for_a_reply_while_memory_is_used_up_ends(bench: Bench) -> None:
    """So B4 would notice a daemon that asks."""
    room = CeleryRoom(bench)
    worker = room.worker("w1")
    reply_to = str(uuid.uuid4())
    room.admin().sadd("_kombu.binding.reply.celery.pidbox", f"{reply_to}\x06\x16\x06\x16{reply_to}.reply.celery.pidbox")
    room.admin().set("ballast", "x" * 3_000_000)
    room.admin().config_set("maxmemory", "2mb")
    assert worker.alive()
    room.publish("ping", worker, reply_to=reply_to)
    wait_until(lambda: not worker.alive(), 20, "the worker has ended")


def test_messages_are_taken_and_commands_obeyed(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, w2 = room.start(partial(room.worker, "w1", queues="w1"), partial(room.worker, "w2", queues="w2"))
    assert not consume_nothing(room)
    room.tell("cancel_consumer", w1, queue="w1")
    wait_until(lambda: consume_nothing(room) == [w1], 30, "it takes no more than what it already asked for")


def test_held_tasks_run_until_they_are_released(bench: Bench) -> None:
    room = CeleryRoom(bench)
    worker = room.worker("w1")
    room.hold("one", "two")
    assert "succeeded" not in worker.log()
    room.release("one", "two")
    wait_until(lambda: worker.log().count("succeeded") == 2, 10, "both have ended")
