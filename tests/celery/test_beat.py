"""Beat: whether it sends, and if not, why (T1 to T7)."""

from __future__ import annotations

import signal
from functools import partial

from celery_room import BEAT_EVERY, CeleryRoom
from celery_watch import CeleryWatch
from row import Bench
from stack import processes
from stack.waiting import wait_until

BEAT_DOWN = "CeleryBeatDown"
# Three periods without a tick, and a few runs.
SILENT_AFTER = 3 * BEAT_EVERY + 10


def connection_is_learned(watch: CeleryWatch) -> None:
    """By three ticks and the silence between them; without that nobody could tell a dead Beat from one that hangs."""

    def known() -> bool:
        return "its connection" in watch.runs()[-1].json["evidence"]["seen by"]

    wait_until(known, 20, "Beat's connection is known")


def test_t1_killed(bench: Bench) -> None:
    room = CeleryRoom(bench)
    _, beat = room.start(partial(room.worker, "w1"), room.beat)
    with room.watch_beat() as watch:
        watch.healthy()
        connection_is_learned(watch)
        beat.kill()
        watch.expect("down", "stale", within=SILENT_AFTER)
        watch.beat("dead")
        watch.raises(BEAT_DOWN)
        assert watch.runs()[-1].json["checks"][0]["name"] == "tick"
        beat.start()
        watch.beat("alive", within=20)
        watch.recovers()


def test_t2_stopped(bench: Bench) -> None:
    room = CeleryRoom(bench)
    _, beat = room.start(partial(room.worker, "w1"), room.beat)
    with room.watch_beat() as watch:
        watch.healthy()
        connection_is_learned(watch)
        beat.freeze()
        watch.expect("down", "stale", within=SILENT_AFTER)
        watch.beat("hung")
        watch.raises(BEAT_DOWN)
        beat.thaw()
        watch.beat("alive", within=20)
        watch.recovers()


def test_t3_doubled(bench: Bench) -> None:
    """Everything is sent twice."""
    room = CeleryRoom(bench)
    _, beat = room.start(partial(room.worker, "w1"), room.beat)
    with room.watch_beat() as watch:
        watch.healthy()
        twin = room.beat("beat2")
        watch.expect("down", "duplicate", check="schedulers", within=30)
        watch.metric("healthd_beat_schedulers", 2)
        assert watch.runs()[-1].check("tick") == ("up", "none"), "it lives"
        twin.kill()
        watch.metric("healthd_beat_schedulers", 1, within=30)
        watch.recovers(within=20)


def test_t4_workers_that_are_stalled_are_not_beats_fault(bench: Bench) -> None:
    room = CeleryRoom(bench)
    (w1, _) = room.start(partial(room.worker, "w1"), room.beat)
    with room.watch_beat() as watch:
        watch.healthy()
        watch.involves("workers")
        room.hold("one", "two")
        watch.expect("unknown", "not_consuming", within=SILENT_AFTER)
        watch.beat("stalled")
        watch.worker(w1, "saturated")
        watch.await_runs(5)
        room.release("one", "two")
        watch.worker(w1, "healthy")
        watch.beat("alive", within=20)
        watch.recovers()


def test_t5_a_site_without_the_task_is_told_what_to_configure(bench: Bench) -> None:
    schedule = {"tick": {"task": "quick", "schedule": BEAT_EVERY}}
    room = CeleryRoom(bench, beat_schedule=schedule)
    room.start(partial(room.worker, "w1"), room.beat)
    with room.watch_beat() as watch:
        watch.begun()
        runs = watch.expect("unknown", "stale", within=SILENT_AFTER)
        assert "beat_schedule" in runs[-1].detail and "task" in runs[-1].detail
        watch.beat("unknown")
        watch.await_runs(4)


def test_t6_events_tell_of_a_beat_whose_workers_do_nothing(bench: Bench) -> None:
    """`task_send_sent_event`: Beat itself says that it sends."""
    room = CeleryRoom(bench, task_send_sent_event=True)
    w1, beat = room.start(partial(room.worker, "w1"), room.beat)
    with room.watch_beat() as watch:
        watch.healthy()
        watch.involves("workers")
        room.hold("one", "two")
        watch.worker(w1, "saturated")
        watch.stays("up", runs=12, within=20)
        assert watch.metrics().value("healthd_beat_schedulers") == 1
        room.release("one", "two")
        watch.worker(w1, "healthy")
        beat.kill()
        watch.expect("down", "stale", within=SILENT_AFTER)
        watch.raises(BEAT_DOWN)
        beat.start()
        watch.recovers(within=20)


def test_t7_two_beats_that_say_so(bench: Bench) -> None:
    room = CeleryRoom(bench, task_send_sent_event=True)
    room.start(partial(room.worker, "w1"), room.beat)
    with room.watch_beat() as watch:
        watch.healthy()
        twin = room.beat("beat2")
        watch.expect("down", "duplicate", check="schedulers", within=20)
        watch.metric("healthd_beat_schedulers", 2)
        processes.send(twin.process, signal.SIGTERM)
        watch.metric("healthd_beat_schedulers", 1, within=30)
        watch.recovers(within=20)
