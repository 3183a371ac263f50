"""The Celery application of the test stack; its one task has the name of Superset's own."""

from __future__ import annotations

import os
import time

from celery import Celery

app = Celery("tasks", broker=os.environ["BROKER_URL"])
app.conf.update(
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_prefetch_multiplier=1,
    task_acks_late=True,
    beat_schedule={
        "reports.scheduler": {"task": "reports.scheduler", "schedule": float(os.environ["BEAT_EVERY"])},
        "reports.prune_log": {"task": "reports.prune_log", "schedule": 60.0},
    },
)


@app.task(name="reports.scheduler")
def scheduler() -> None:
    """Superset looks for due reports here; we only need to be counted."""


@app.task(name="busy_while")
def busy_while(path: str) -> None:
    """Until the file is gone, for a minute and a half at most."""
    end = time.monotonic() + 90
    while os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.2)


@app.task(name="reports.prune_log")
def prune_log() -> None:
    """Once a minute in every stack, so that a slow task can be watched beside a quick one."""
