"""The Celery application of a row: its workers and its Beat run this file with the settings that the row gives."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from celery import Celery

FOLDER = Path(__file__).parent
LONGEST = 600

app = Celery("row")
app.conf.update(json.loads(os.environ["SETTINGS"]))


@app.task(name="reports.scheduler", ignore_result=True)
def scheduler() -> None:
    """What Superset's Beat sends."""


@app.task(name="quick", ignore_result=True)
def quick() -> None:
    """Done at once."""


@app.task(name="hold", ignore_result=True)
def hold(name: str) -> None:
    """Runs until the row writes the file NAME.over; NAME.begun tells that it does."""
    (FOLDER / f"{name}.begun").touch()
    end = time.monotonic() + LONGEST
    while not (FOLDER / f"{name}.over").exists() and time.monotonic() < end:
        time.sleep(0.05)
