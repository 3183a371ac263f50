"""Superset's periodic tasks by name; they only need to be counted."""

from superset.tasks.celery_app import app


@app.task(name="reports.scheduler")
def scheduler() -> None:
    """Superset looks for due reports here."""


@app.task(name="reports.prune_log")
def prune_log() -> None:
    """Superset removes old rows of report_execution_log here."""


@app.task(name="prune_query")
def prune_query(**_: object) -> None:
    """Old rows of `query`."""


@app.task(name="prune_logs")
def prune_logs(**_: object) -> None:
    """Old rows of `logs`."""
