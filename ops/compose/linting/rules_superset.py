"""Rules about superset_config.py, as it comes out when it is loaded."""

from __future__ import annotations

from typing import Iterator

from .deployment import Deployment
from .findings import Finding

# Variable, what it has to be, and what happens otherwise.
REQUIRED = (
    ("SESSION_COOKIE_SECURE", (True,), "the session's cookie also goes over plain HTTP"),
    ("SESSION_COOKIE_HTTPONLY", (True,), "scripts can read the session's cookie"),
    ("SESSION_COOKIE_SAMESITE", ("Lax", "Strict"), "other sites can use the session"),
    ("ENABLE_PROXY_FIX", (True,), "Superset takes nginx for every user, and writes http:// into redirects"),
    ("PREFERRED_URL_SCHEME", ("https",), "links begin with http://"),
    ("TALISMAN_ENABLED", (True,), "there is no Content-Security-Policy"),
    ("WTF_CSRF_ENABLED", (True,), "other sites can send forms in a user's name"),
    ("RATELIMIT_ENABLED", (True,), "passwords can be guessed at any speed"),
    ("ALERT_REPORTS_NOTIFICATION_DRY_RUN", (False,), "reports succeed and nothing is sent"),
)


def flags_are_set(deployment: Deployment) -> Iterator[Finding]:
    config = deployment.superset
    for name, wanted, why in REQUIRED:
        value = config.at(name)
        if value not in wanted:
            yield Finding(config.place(name), f"{name} is {value!r}: {why}", f"write {name} = {wanted[0]!r}")


def talisman_does_not_redirect(deployment: Deployment) -> Iterator[Finding]:
    """The worker's browser asks http://superset:8088; nginx redirects everybody else."""
    talisman = deployment.superset.at("TALISMAN_CONFIG") or {}
    if talisman.get("force_https"):
        place = deployment.superset.place("TALISMAN_CONFIG", "force_https")
        yield Finding(place, "force_https breaks the worker's browser", "write False; nginx redirects")


def rate_limits_are_shared(deployment: Deployment) -> Iterator[Finding]:
    where = str(deployment.superset.at("RATELIMIT_STORAGE_URI") or "memory://")
    if not where.startswith(("redis://", "rediss://")):
        place = deployment.superset.place("RATELIMIT_STORAGE_URI")
        yield Finding(place, "each process counts attempts for itself", "keep them in Redis: RATELIMIT_STORAGE_URI")


def late_reports_are_found(deployment: Deployment) -> Iterator[Finding]:
    config = deployment.superset
    keys = ("CELERY_CONFIG", "beat_schedule", "reports.scheduler")
    if not config.at(*keys):
        fix = "restore it: reports, and superset-healthd's view of Beat, depend on it"
        yield Finding(config.place(*keys), "Beat does not send reports.scheduler", fix)
    elif not config.at(*keys, "options", "expires"):
        fix = "add options={\"expires\": 604800}: Superset computes the time of a run from it"
        yield Finding(config.place(*keys), "reports.scheduler has no `expires`, so that late runs miss reports", fix)


def tasks_run_once(deployment: Deployment) -> Iterator[Finding]:
    if deployment.superset.at("CELERY_CONFIG", "task_acks_late"):
        place = deployment.superset.place("CELERY_CONFIG", "task_acks_late")
        yield Finding(place, "a task of a worker that died runs again, and Superset's may not", "write False")


RULES = (flags_are_set, talisman_does_not_redirect, rate_limits_are_shared, late_reports_are_found, tasks_run_once)
