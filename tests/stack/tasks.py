"""The Celery application of the test stack; its one task has the name of Superset's own."""

from __future__ import annotations

import os

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


@app.task(name="reports.prune_log")
def prune_log() -> None:
    """Once a minute in every stack, so that a slow task can be watched beside a quick one."""
