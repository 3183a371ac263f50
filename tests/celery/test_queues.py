"""What waits, for how long, and whether anybody comes for it (Q1 to Q9)."""

from __future__ import annotations

import time
from functools import partial

from celery_room import CeleryRoom
from celery_watch import CeleryWatch
from row import Bench
from stack.waiting import wait_until

AGE = "healthd_celery_queue_oldest_message_age_seconds"
WITHOUT_CONSUMER = "healthd_celery_queue_without_consumer"
AT_ONCE = {"for": "0s"}


def ages(watch: CeleryWatch, queue: str) -> tuple[float | None, float | None]:
    """Bounds on the age of the oldest message."""
    metrics = watch.metrics()
    return metrics.value(AGE, queue=queue, bound="lower"), metrics.value(AGE, queue=queue, bound="upper")


def test_q1_a_backlog_of_one_priority_only_is_counted_with_its_age(bench: Bench) -> None:
    room = CeleryRoom(bench)
    room.worker("w1")
    with room.watch_workers(queues=["celery", "low"], max_wait="3s") as watch:
        watch.healthy()
        watch.metric("healthd_celery_queue_length", 0, queue="low")
        sent = time.time()
        for _ in range(3):
            room.send("quick", queue="low", priority=6)
        arrived = time.time()
        watch.metric("healthd_celery_queue_length", 3, queue="low")
        watch.expect("down", "not_consuming", check="wait", runs=2)
        before = time.time()
        lower, upper = ages(watch, "low")
        after = time.time()
        assert lower is not None and upper is not None, "it was empty before, so both bounds are known"
        assert lower <= after - sent and upper >= before - arrived - 1.5, (lower, upper, after - sent)
        assert 3 <= lower <= upper <= lower + 3, "not further apart than two looks"
        assert watch.metrics().value("healthd_celery_queue_length", queue="celery") == 0
        room.admin().delete(room.key("low", 6))
        watch.recovers()


def test_q2_a_queue_that_nobody_consumes(bench: Bench) -> None:
    room = CeleryRoom(bench)
    w1 = room.worker("w1")
    with room.watch(
        room.celery_probe(queues=["celery", "orphan"]), room.probe(), CeleryQueueWithoutConsumer=AT_ONCE
    ) as watch:
        watch.healthy()
        watch.metric("healthd_celery_consumers", 1, queue="celery")
        assert not watch.metrics().value(WITHOUT_CONSUMER, queue="orphan"), "nothing waits, so nobody is missed"
        room.send("quick", queue="orphan")
        watch.metric(WITHOUT_CONSUMER, 1, queue="orphan", within=10)
        watch.raises("CeleryQueueWithoutConsumer", queue="orphan")
        assert not watch.metrics().value(WITHOUT_CONSUMER, queue="celery")
        room.tell("add_consumer", w1, queue="orphan")
        wait_until(lambda: room.waiting("orphan") == 0, 10, "the message is consumed")
        watch.metric(WITHOUT_CONSUMER, 0, queue="orphan")
        watch.recovers()


def test_q3_a_stamp_in_the_header_gives_the_exact_age(bench: Bench) -> None:
    room = CeleryRoom(bench)
    room.worker("w1")
    stamp = time.time() - 120
    room.send("quick", queue="low", healthd_sent_at=stamp)
    with room.watch_workers(queues=["celery", "low"]) as watch:

        def exact(sent: float) -> bool:
            lower, upper = ages(watch, "low")
            return lower is not None and lower == upper and abs(time.time() - sent - lower) < 3

        watch.begun()
        wait_until(lambda: exact(stamp), 10, "both bounds are the age by the stamp")
        room.admin().delete(room.key("low"))
        watch.metric("healthd_celery_queue_length", 0, queue="low")
        watch.recovers()
        now = time.time()
        room.send("quick", queue="low", healthd_sent_at=now)
        watch.metric("healthd_celery_queue_length", 1, queue="low")
        wait_until(lambda: exact(now), 10, "and so they are for one that came while we looked")
        room.admin().delete(room.key("low"))
        watch.metric("healthd_celery_queue_length", 0, queue="low")
        watch.await_runs(1)  # which sees it empty, and so knows better than the next stamp
        room.send("quick", queue="low", healthd_sent_at=stamp)
        watch.metric("healthd_celery_queue_length", 1, queue="low")
        _, upper = ages(watch, "low")
        assert upper is not None and upper < 60, "the stamp of an earlier try is not believed"
        room.admin().delete(room.key("low"))
        watch.recovers()


def test_q4_what_a_dead_worker_never_confirmed_grows_old(bench: Bench) -> None:
    room = CeleryRoom(bench, task_acks_late=True, transport={"visibility_timeout": 2})
    w1, w2 = room.start(partial(room.worker, "w1", queues="own"), partial(room.worker, "w2"))
    with room.watch(
        room.celery_probe(visibility_timeout="2s"), room.probe(), CeleryUnackedTooOld=AT_ONCE
    ) as watch:
        watch.healthy()
        sent = time.time()
        room.hold("lost", queue="own")
        w1.kill()
        watch.raises("CeleryUnackedTooOld")
        oldest = watch.metrics().value("healthd_celery_oldest_unacked_timestamp_seconds")
        assert oldest and abs(oldest - sent) < 1
        watch.worker(w1, "dead")
        room.admin().delete("unacked", "unacked_index")
        watch.metric("healthd_celery_unacked_messages", 0)


# --- Q5 to Q9: the names that the application uses -------------------------------------------------------------------------


def test_q5_a_prefix_another_database_another_separator_and_other_steps(bench: Bench) -> None:
    steps = [0, 2, 4, 8]
    names = {"global_keyprefix": "{ss}:", "sep": ":", "priority_steps": steps}
    room = CeleryRoom(bench, database=3, transport=names)
    room.two_workers(**{"queues": "celery"})
    with room.watch(
        room.celery_probe(expected_workers=2, queues=["celery", "low"], **names), room.probe(), room.beat_probe()
    ) as watch:
        room.beat()
        watch.healthy()
        assert watch.runs()[-1].check("settings") == ("up", "none")
        room.send("quick", queue="low", priority=8)
        watch.metric("healthd_celery_queue_length", 1, queue="low")
        room.admin(3).delete(room.key("low", 8))
        watch.stays("up")


def test_q6_without_patterns_in_the_fanout(bench: Bench) -> None:
    names = {"fanout_patterns": False}
    room = CeleryRoom(bench, transport=names)
    w1, w2 = room.two_workers()
    with room.watch_workers(expected_workers=2, **names) as watch:
        watch.healthy()
        assert watch.runs()[-1].check("events") in (("up", "none"), ("absent", "absent"))
        ask = w1.kill
        ask()
        watch.worker(w1, "dead")
        w1.start()
        watch.worker(w1, "healthy")
        watch.recovers()


def test_q7_the_wrong_database(bench: Bench) -> None:
    """Nobody answers there, but the workers' connections tell where they are."""
    room = CeleryRoom(bench, database=3)
    room.worker("w1")
    with room.watch(room.celery_probe(), room.probe(url=f"redis://127.0.0.1:{room.running.port}/0")) as watch:
        watch.begun()
        runs = watch.expect("unknown", "wrong_database", runs=5)
        assert "database 3" in runs[-1].detail, "the right one is named"


def test_q8_settings_that_contradict_the_workers(bench: Bench) -> None:
    room = CeleryRoom(bench, transport={"visibility_timeout": 77})
    room.worker("w1")
    with room.watch_workers(visibility_timeout="1h") as watch:
        watch.begun()
        runs = watch.expect("down", "config_mismatch", check="settings")
        assert runs[-1].status == "degraded"
        assert any("visibility_timeout" in str(check) for check in runs[-1].json["checks"])


def test_q9_results_and_events_are_counted(bench: Bench) -> None:
    room = CeleryRoom(bench, worker_send_task_events=True)
    room.worker("w1")
    with room.watch_workers() as watch:
        watch.healthy()
        before = watch.metrics().value("healthd_celery_task_events_total", event="succeeded") or 0
        for _ in range(5):
            room.send("quick")
        watch.metric("healthd_celery_task_events_total", before + 5, event="succeeded")
        watch.metric("healthd_celery_task_events_total", before + 5, event="received")
        room.send("celery.accumulate", "kept", ignore_result=False)  # its result is counted, and never read
        watch.metric("healthd_celery_task_results_total", 1, outcome="success")
        room.forget_results()
