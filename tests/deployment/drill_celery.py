"""Drills of the pages about Celery and Beat."""

from __future__ import annotations

import re

from drill_case import Case, void
from engine_watch import Watch

APP = "superset.tasks.celery_app:app"
PONG = r"^\s+pong$"
NOBODY = "No nodes replied"


def pause(service: str):
    return lambda watch: void(watch.deployment.compose("pause", service))


def stop(service: str):
    return lambda watch: void(watch.deployment.compose("stop", "--timeout", "5", service))


def send(watch: Watch, count: int) -> None:
    """Tasks into the queue `celery`."""
    script = f"from superset.tasks.scheduler import scheduler; [scheduler.apply_async(expires=600) for _ in range({count})]"
    watch.deployment.compose("exec", "-T", "superset", "python", "-c", script)


def cancel(watch: Watch) -> None:
    """Somebody takes the queue from the worker by remote control; then tasks come."""
    watch.deployment.compose("exec", "-T", "superset", "celery", "-A", APP, "control", "-t", "2", "cancel_consumer", "celery")
    send(watch, 5)


def lengths(said: str) -> list[int]:
    return [int(line) for line in said.splitlines() if re.fullmatch(r"\d+", line)]


def waiting(said: str) -> bool:
    """In both rounds: what waits at the second does not drain."""
    found = lengths(said)
    return len(found) == 8 and sum(found[:4]) > 0 and sum(found[4:]) >= sum(found[:4])


def second_beat(watch: Watch) -> None:
    watch.deployment.compose("run", "--detach", "--no-deps", "--name", "drill-beat", "beat", "celery", f"--app={APP}", "beat",
                             "--pidfile=", "--schedule=/tmp/schedule", "--loglevel=INFO")  # fmt: skip


def remove_second_beat(watch: Watch) -> None:
    watch.room.run(["docker", "rm", "--force", "drill-beat"])


def beats(said: str) -> int:
    """Containers that run Beat."""
    return len(re.findall(r"(?m)^\S+ \".*celery.* beat ", said))


NO_WORKERS = dict(healthy=(PONG, r'state="healthy",.* 1$', r"worker .*\bUp\b"), seconds=90)

CASES = (
    Case("CeleryNoWorkers", "paused", pause("worker"), default=True, steps=(1,), broken=(NOBODY, r"worker .*\(Paused\)"), **NO_WORKERS),
    Case("CeleryNoWorkers", "stopped", stop("worker"), steps=(3,), broken=(NOBODY, r"worker .*Exited"), **NO_WORKERS),
    Case("CeleryWorkersMissing", "stopped", stop("worker"), steps=(2,),
         broken=(r'state="(stopped|dead)",.* 1$', r"worker .*Exited"), healthy=(PONG, r'state="healthy",.* 1$'), seconds=90,
         afterwards=lambda watch: void(watch.deployment.compose("up", "--detach", "--scale", "worker=1", "worker"))),
    Case("CeleryQueueStalled", "no-consumer", cancel, steps=(1,), broken=(waiting,),
         healthy=(lambda said: len(lengths(said)) == 8 and sum(lengths(said)[4:]) == 0,)),
    Case("CeleryQueueWithoutConsumer", "cancelled", cancel, steps=(1,), broken=(lambda said: sum(lengths(said)) > 0, "empty"),
         healthy=(lambda said: sum(lengths(said)) == 0, r"\* \{'name': 'celery'")),
    Case("CeleryBeatDown", "stopped", stop("beat"), steps=(2,), broken=(r"beat .*Exited", r'state="(dead|silent)".* 1$'),
         healthy=(r"beat .*\bUp\b", r'state="alive".* 1$'), verified=(r"^1$",), seconds=240),
    Case("CeleryBeatDown", "paused", pause("beat"), steps=(1,), broken=(r"beat .*\(Paused\)",),
         healthy=(r"beat .*\bUp\b(?!.*Paused)", r'state="alive".* 1$'), verified=(r"^1$",), seconds=240),
    Case("CeleryBeatDuplicate", "foreign", second_beat, steps=(2,), edit=('extra=""', "extra=drill-beat"),
         broken=(lambda said: beats(said) == 2,), healthy=(lambda said: beats(said) == 1,), afterwards=remove_second_beat),
)  # fmt: skip
