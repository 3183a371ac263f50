"""What becomes of a worker, and what must be said of it (W1 to W15)."""

from __future__ import annotations

import signal
from functools import partial

import pytest

from celery_room import CeleryRoom, ask_to_end, gone
from celery_watch import detail
from row import Bench
from stack import processes
from stack.waiting import wait_until


# --- W1 to W4: it does nothing any more ----------------------------------------------------------------------------------


def test_w1_a_stopped_process_hangs(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, w2 = room.two_workers()
    with room.watch_workers(expected_workers=2) as watch:
        watch.healthy()
        w1.signal(signal.SIGSTOP)
        watch.worker(w1, "hung")
        watch.expect("degraded", "no_reply", runs=2)
        (run,) = watch.expect("down", "no_reply", check="consumers", runs=1)
        assert "w1@test" in detail(run, "consumers"), "it is named"
        watch.expect("down", "no_reply", check="workers", runs=1)
        assert watch.metrics().value("healthd_celery_worker_receivers") == 2, "it is still connected"
        w1.signal(signal.SIGCONT)
        watch.worker(w1, "healthy")
        watch.recovers()


def test_w2_a_killed_worker_is_dead_and_what_it_had_fetched_is_seen(bench: Bench) -> None:
    room = CeleryRoom(bench, task_acks_late=True)
    w1, w2 = room.start(partial(room.worker, "w1", queues="celery,own"), partial(room.worker, "w2"))
    with room.watch_workers(expected_workers=2) as watch:
        watch.healthy()
        room.hold("lost", queue="own")
        watch.metric("healthd_celery_unacked_messages", 1)
        w1.kill()
        watch.worker(w1, "dead")
        watch.expect("down", "no_reply", check="workers", runs=1)
        assert watch.metrics().value("healthd_celery_worker_receivers") == 1
        assert watch.metrics().value("healthd_celery_unacked_messages") == 1, "nobody confirms it"
        w1.start()
        watch.worker(w1, "healthy")
        watch.recovers()


def test_w3_a_worker_that_ends_with_its_last_task_is_nobodys_fault(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, w2 = room.start(partial(room.worker, "w1", queues="celery,own"), partial(room.worker, "w2"))
    with room.watch_workers() as watch:
        watch.healthy()
        room.hold("last", queue="own")
        ask_to_end(w1)
        watch.worker(w1, "stopped")
        watch.stays("up", runs=12, within=20)  # longer than a heartbeat takes to be stale
        assert w1.alive(), "its task still runs"
        room.release("last")
        gone(w1)
        watch.stays("up")
        assert watch.state(w1) == "stopped"
        w1.start()
        watch.worker(w1, "healthy")


def test_w4_nobody_is_left(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, w2 = room.two_workers()
    with room.watch_workers() as watch:
        watch.healthy()
        w1.kill()
        w2.kill()
        watch.expect("down", "no_reply", check="replies", runs=2)
        watch.raises("CeleryNoWorkers")
        watch.worker(w1, "dead")
        watch.worker(w2, "dead")
        room.start(w1.start, w2.start)
        watch.worker(w1, "healthy")
        watch.worker(w2, "healthy")
        watch.recovers()


# --- W5 to W9: it has its hands full -------------------------------------------------------------------------------------


def test_w5_a_full_pool_is_saturated_and_what_waits_too_long_is_told(bench: Bench) -> None:
    room = CeleryRoom(bench)
    (w1,) = room.start(partial(room.worker, "w1"))
    with room.watch_workers(max_wait="3s") as watch:
        watch.healthy()
        room.hold("one", "two")
        watch.worker(w1, "saturated")
        watch.stays("up", runs=2)
        for _ in range(5):  # more than it fetches beforehand
            room.send("quick")
        watch.expect("down", "saturated", check="wait", runs=2, within=15)
        assert watch.runs()[-1].status == "degraded"
        assert (watch.metrics().value("healthd_celery_tasks_active", queue="celery") or 0) == 2
        room.release("one", "two")
        watch.worker(w1, "healthy")
        watch.recovers()
        assert watch.runs()[-1].check("wait") == ("up", "none")


def test_w6_a_solo_worker_answers_nothing_while_it_works(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1 = room.worker("w1", pool="solo")
    with room.watch_workers(expected_workers=1) as watch:
        watch.healthy()
        for task in ("long", "longer"):  # soon after the daemon's start, and later
            room.hold(task)
            watch.worker(w1, "busy_solo")
            watch.expect("degraded", "busy", check="replies", runs=3)
            room.release(task)
            watch.worker(w1, "healthy")
        watch.recovers()
        replies = {run.check("replies") for run in watch.runs()}
        assert not any(status == "down" for status, _ in replies), "a worker that works is not missing"


def test_w7_a_solo_worker_that_is_stopped_while_it_has_nothing_to_do_hangs(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, w2 = room.start(partial(room.worker, "w1", pool="solo", queues="celery"), partial(room.worker, "w2"))
    with room.watch_workers() as watch:
        watch.healthy()
        w1.signal(signal.SIGSTOP)
        watch.worker(w1, "hung")
        watch.expect("down", "no_reply", check="consumers", runs=1)
        w1.signal(signal.SIGCONT)
        watch.worker(w1, "healthy")
        watch.recovers()


def test_w7_a_solo_worker_that_is_stopped_soon_after_a_task_hangs(bench: Bench) -> None:
    """Its connections look much as those of one that has just begun a task."""
    room = CeleryRoom(bench)
    w1, w2 = room.start(partial(room.worker, "w1", pool="solo", queues="own"), partial(room.worker, "w2", queues="w2"))
    with room.watch_workers() as watch:
        watch.healthy()
        room.send("quick", queue="own")

        def a_second_later() -> bool:
            idle = {client["cmd"]: int(client["idle"]) for client in room.admin().client_list()}
            return "exec" in idle and idle["exec"] == idle.get("brpop", 0) + 1

        wait_until(a_second_later, 10, "it waits for the next task since a second", step=0.02)
        w1.signal(signal.SIGSTOP)
        watch.worker(w1, "hung")
        w1.signal(signal.SIGCONT)
        watch.worker(w1, "healthy")
        watch.recovers()


def test_w8_a_stopped_process_of_a_pool_keeps_a_task(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, w2 = room.start(partial(room.worker, "w1", queues="own"), partial(room.worker, "w2"))
    with room.watch_workers(queues=["celery", "own"]) as watch:
        watch.healthy()
        child = w1.stop_child()
        for name in ("one", "two"):  # one for each process
            room.send("hold", name, queue="own")
        watch.expect("down", "not_consuming", check="pool", runs=2, within=20)
        assert watch.metrics().value("healthd_celery_worker_stuck_tasks", worker=w1.node) == 1
        assert not watch.metrics().value("healthd_celery_worker_stuck_tasks", worker=w2.node)
        watch.raises("CeleryPoolChildHung", worker=w1.node)
        processes.send(child, signal.SIGCONT)
        watch.worker(w1, "saturated")
        room.release("one", "two")
        watch.worker(w1, "healthy")
        watch.recovers()
        assert not watch.metrics().value("healthd_celery_worker_stuck_tasks", worker=w1.node)


def test_w8_a_task_for_later_is_not_stuck(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1 = room.worker("w1")
    with room.watch_workers() as watch:
        watch.healthy()
        room.send("quick", eta="2099-01-01T00:00:00+00:00")
        watch.metric("healthd_celery_unacked_messages", 1)
        watch.stays("up", runs=8)  # more than three inspections
        assert not watch.metrics().value("healthd_celery_worker_stuck_tasks", worker=w1.node)


def test_w9_a_pool_of_threads(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, w2 = room.start(partial(room.worker, "w1", pool="threads", queues="own"), partial(room.worker, "w2", pool="threads"))
    with room.watch_workers(queues=["celery", "own"], expected_workers=2) as watch:
        watch.healthy()
        room.hold("one", "two", queue="own")
        watch.worker(w1, "saturated")
        watch.stays("up", runs=2)
        room.release("one", "two")
        watch.worker(w1, "healthy")
        watch.stays("up", runs=2)


# --- W10 to W15: it is there, and not as it should be, or seems not to be -------------------------------------------------


def test_w10_two_workers_of_one_name(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, twin = room.start(partial(room.worker, "w1"), partial(room.worker, "twin", node="w1"))
    with room.watch_workers() as watch:
        watch.begun()
        watch.expect("down", "duplicate", check="nodes")
        assert watch.metrics().value("healthd_celery_workers_online") == 2
        twin.kill()
        watch.recovers(within=20)
        watch.worker(w1, "healthy")


def test_w11_a_worker_that_was_told_to_consume_nothing_is_detached(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1, w2 = room.two_workers()
    with room.watch_workers() as watch:
        watch.healthy()
        room.tell("cancel_consumer", w1, queue="celery")
        watch.worker(w1, "detached")
        watch.expect("down", "not_consuming", check="consumers", runs=1)
        watch.metric("healthd_celery_consumers", 1, queue="celery")
        room.tell("add_consumer", w1, queue="celery")
        watch.worker(w1, "healthy")
        watch.recovers()


def test_w12_answers_that_only_python_can_read_are_answers(bench: Bench) -> None:
    room = CeleryRoom(bench, task_serializer="pickle", result_serializer="pickle", accept_content=["json", "pickle"])
    room.two_workers()
    with room.watch_workers(expected_workers=2) as watch:
        watch.healthy()
        watch.metric("healthd_celery_workers_online", 2)
        watch.stays("up", runs=6)


def test_w13_a_worker_that_sends_no_heartbeats_is_known_by_its_answers(bench: Bench) -> None:
    room = CeleryRoom(bench)
    silent = ("--without-heartbeat", "--without-gossip")
    w1, w2 = room.start(partial(room.worker, "w1", *silent), partial(room.worker, "w2"))
    with room.watch_workers(expected_workers=2) as watch:
        watch.healthy()
        watch.stays("up", runs=12, within=20)  # longer than a heartbeat takes to be stale
        w1.signal(signal.SIGSTOP)
        watch.worker(w1, "hung")
        w1.signal(signal.SIGCONT)
        watch.worker(w1, "healthy")
        watch.recovers()


def test_w14_a_worker_that_takes_no_orders_is_not_catatonic(bench: Bench) -> None:
    """It hears no ping, and yet it consumes: its connection waits for messages."""
    room = CeleryRoom(bench, worker_enable_remote_control=False)
    (w1,) = room.start(partial(room.worker, "w1"))
    with room.watch_workers() as watch:
        watch.begun()
        watch.worker(w1, "healthy", within=40)
        runs = watch.await_runs(20, within=30)  # longer than it takes to call one catatonic
        assert watch.state(w1) == "healthy"
        assert not any(run.status == "down" for run in runs), "nobody is missing"


@pytest.mark.parametrize("pool", ["prefork", "solo", "threads"])
def test_w15_many_quick_tasks_are_no_fault(bench: Bench, pool: str) -> None:
    room = CeleryRoom(bench)
    room.two_workers(pool=pool)
    with room.watch_workers(expected_workers=2) as watch:
        watch.healthy()
        watch.excuses("saturated")
        for _ in range(300):
            room.send("quick")
        watch.stays("up", runs=5)
