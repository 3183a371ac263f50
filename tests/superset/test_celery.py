"""Worker and Beat with the shipped command lines: work is done, and the health checks of their containers are right."""

from __future__ import annotations

import os
import time
from typing import Any

from stack.waiting import wait_until

from superset_site import Site
from user import User


def test_a_query_of_sql_lab_runs_on_the_worker_and_its_result_comes_back(site: Site, admin: User) -> None:
    secret, address = site.secret("postgres_password"), site.addresses["postgres"]
    uri = f"postgresql+psycopg2://superset:{secret}@{address}:5432/superset"
    database = admin.api("/api/v1/database/", {
        "database_name": "analytics", "sqlalchemy_uri": uri, "allow_run_async": True, "expose_in_sqllab": True
    })["id"]  # fmt: skip
    query = {"database_id": database, "sql": "SELECT 41 + 1 AS answer", "schema": "public", "runAsync": True, "client_id": "a-test"}
    assert admin.api("/api/v1/sqllab/execute/", query)["query"]["state"] == "pending"

    def done() -> Any:
        found = admin.api("/api/v1/query/updated_since?q=(last_updated_ms:0)")["result"]
        return found[0] if found and found[0]["state"] in ("success", "failed") else None

    ended = wait_until(done, 30, "the query has ended", step=0.3)
    assert ended["state"] == "success", ended["errorMessage"]
    assert admin.api(f"/api/v1/sqllab/results/?q=(key:'{ended['resultsKey']}')")["data"] == [{"answer": 42}]
    assert "Task sql_lab.get_sql_results" in site.parts["worker"].said()
    assert site.redis("redis-cache", "-n", "2", "keys", "superset_results_*")


def test_the_worker_knows_every_task_that_beat_sends(site: Site) -> None:
    known = site.parts["worker"].said().split("[tasks]")[1]
    for entry in site.deployment.superset.at("CELERY_CONFIG", "beat_schedule").values():
        assert f"  . {entry['task']}\n" in known


def test_beat_sends_and_the_worker_does_it(site: Site) -> None:
    site.parts["beat"].wait_for("Sending due task reports.scheduler", 75)
    site.parts["worker"].wait_for("Task reports.scheduler", 20)
    wait_until(lambda: "succeeded" in site.parts["worker"].said(), 20, "a task has succeeded")
    assert "raised unexpected" not in site.parts["worker"].said()


def test_the_workers_health_check_sees_it_stopped_and_gone(site: Site) -> None:
    worker = site.parts["worker"]
    assert site.check("worker").returncode == 0
    worker.freeze()
    assert site.check("worker").returncode == 1
    worker.thaw()
    wait_until(lambda: site.check("worker").returncode == 0, 30, "healthy after it was stopped")
    worker.stop(seconds=30)
    answer = site.check("worker")
    assert answer.returncode == 1 and "no worker listens" in answer.stdout, answer.stdout
    worker.start()
    wait_until(lambda: site.check("worker").returncode == 0, 60, "healthy after a new start", step=0.5)


def test_beats_health_check_sees_ticks_and_their_end(site: Site) -> None:
    beat, tick = site.parts["beat"], site.room("beat") / "celerybeat.tick"
    beat.wait_for("Sending due task", 75)
    assert site.check("beat").returncode == 0
    beat.freeze()
    try:
        assert site.check("beat").returncode == 0, "one tick that is late is no fault"
        old = time.time() - 200
        os.utime(tick, (old, old))
        answer = site.check("beat")
        assert answer.returncode == 1 and "Beat has sent nothing" in answer.stdout
    finally:
        beat.thaw()
    # What it slept through it sends at once, and says so by the file.
    wait_until(lambda: site.check("beat").returncode == 0, 75, "healthy after it was stopped", step=0.5)
