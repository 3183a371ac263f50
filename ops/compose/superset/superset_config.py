"""Superset's configuration. Every value comes from the environment (docker-compose.yml) or from a secret file.

It loads without Superset, for the lint and for tests; only what is built from Superset's own libraries is missing then.
"""

from __future__ import annotations

import os
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

INSIDE_SUPERSET = find_spec("flask_appbuilder") is not None

if INSIDE_SUPERSET:
    from celery.schedules import crontab
    from flask import Flask, request, session
    from flask_caching.backends.rediscache import RedisCache
    from flask_login import user_logged_in
    from redis import Redis
else:

    def crontab(**fields: Any) -> dict[str, Any]:  # noqa: D103
        return fields


class Incomplete(RuntimeError):
    """Something that has no sensible default is missing. Superset does not start then."""


def setting(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise Incomplete(f"the environment lacks {name}; docker-compose.yml sets it") from None


def number(name: str) -> int:
    value = setting(name)
    try:
        return int(value)
    except ValueError:
        raise Incomplete(f"{name} has to be a whole number and is {value!r}") from None


def switched_on(name: str) -> bool:
    value = setting(name)
    if value not in ("on", "off"):
        raise Incomplete(f"{name} has to be on or off and is {value!r}")
    return value == "on"


def secret(name: str, optional: bool = False) -> str:
    file = Path(os.environ.get("SECRETS_DIR", "/run/secrets"), name)
    try:
        value = file.read_text().strip()
    except OSError as error:
        what = f"the secret {name} cannot be read from {file} ({error.strerror})"
        raise Incomplete(f"{what}; run ./make-secrets") from None
    if not value and not optional:
        raise Incomplete(f"the secret {name} is empty ({file}); run ./make-secrets")
    return value


def redis_url(host: str, password: str, database: int) -> str:
    return f"redis://:{quote(password, safe='')}@{setting(host)}:6379/{database}"


def broker(database: int) -> str:
    return redis_url("REDIS_BROKER_HOST", secret("redis_broker_password"), database)


def cache(database: int) -> str:
    """With times in the URL, which redis-py reads: without them a Redis that hangs holds every thread for ever."""
    times = "?socket_connect_timeout=2&socket_timeout=5&health_check_interval=30"
    return redis_url("REDIS_CACHE_HOST", secret("redis_cache_password"), database) + times


# --- keys and the metadata database -------------------------------------------------------------------------------

SECRET_KEY = secret("superset_secret_key")
# The key before, while `superset re-encrypt-secrets` has not run yet.
PREVIOUS_SECRET_KEY = secret("superset_previous_secret_key", optional=True) or None

SQLALCHEMY_DATABASE_URI = (
    f"postgresql+psycopg2://{quote(setting('POSTGRES_USER'))}:{quote(secret('postgres_password'), safe='')}"
    f"@{setting('POSTGRES_HOST')}:5432/{quote(setting('POSTGRES_DB'))}"
)
# Each process has a pool of its own. A thread that finds no free connection waits, then fails: the pool has to hold
# as many as there are threads.
SQLALCHEMY_ENGINE_OPTIONS = {
    "pool_size": number("DB_POOL_SIZE"),
    "max_overflow": number("DB_MAX_OVERFLOW"),
    "pool_timeout": 10,
    "pool_recycle": 1800,
    "pool_pre_ping": True,
    "connect_args": {
        "connect_timeout": 5,
        # Who holds a connection: the runbooks group by this name.
        "application_name": setting("APPLICATION_NAME"),
        # 0 is no limit. Superset keeps its transaction open while a chart's query runs elsewhere.
        "options": f"-c statement_timeout={number('DB_STATEMENT_TIMEOUT')}s"
        " -c idle_in_transaction_session_timeout=15min",
    },
}

# --- behind nginx -------------------------------------------------------------------------------------------------

ENABLE_PROXY_FIX = True
# One proxy, whose headers are believed.
PROXY_FIX_CONFIG = {"x_for": 1, "x_proto": 1, "x_host": 1, "x_port": 1, "x_prefix": 0}
PREFERRED_URL_SCHEME = "https"
# nginx compresses.
COMPRESS_REGISTER = False

SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
PERMANENT_SESSION_LIFETIME = timedelta(hours=8)
# On the server, so that a logout ends a session and the cookie stays small.
SESSION_SERVER_SIDE = True
SESSION_TYPE = "redis"
if INSIDE_SUPERSET:
    SESSION_REDIS = Redis.from_url(broker(2), socket_connect_timeout=2, socket_timeout=5, health_check_interval=30)

    # Superset keeps the session's name at a login, and so would whoever gave it to this browser before.
    @user_logged_in.connect
    def rename_the_session(app: Flask, **_: Any) -> None:
        if hasattr(app.session_interface, "regenerate"):
            app.session_interface.regenerate(session)


# Superset's Content-Security-Policy stays on. nginx redirects to https; here it would break the browser of the reports,
# which asks http://superset:8088.
TALISMAN_ENABLED = True

RATELIMIT_ENABLED = True
# Shared by all processes; in memory each would count for itself.
RATELIMIT_STORAGE_URI = cache(3)
# While that Redis is away each process counts for itself, and requests that find out at the same moment pass uncounted.
# Without these every page would be an error then.
RATELIMIT_IN_MEMORY_FALLBACK_ENABLED = True
RATELIMIT_SWALLOW_ERRORS = True
# Of one address. Superset's own 50 are few for an office behind one address: a dashboard asks once for each chart.
RATELIMIT_APPLICATION = "200 per second"


def RATELIMIT_APPLICATION_EXEMPT_WHEN() -> bool:  # noqa: N802
    """Health says whether a thread is free, and neither waits for Redis nor counts."""
    return request.path == "/health"


AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "5 per second"

WTF_CSRF_ENABLED = True
GUEST_TOKEN_JWT_SECRET = secret("guest_token_secret")

# --- timeouts and limits ------------------------------------------------------------------------------------------

SUPERSET_WEBSERVER_TIMEOUT = number("SUPERSET_WEBSERVER_TIMEOUT")
SQLLAB_TIMEOUT = number("SQLLAB_TIMEOUT")
SQLLAB_ASYNC_TIME_LIMIT_SEC = number("SQLLAB_ASYNC_TIME_LIMIT_SEC")
ROW_LIMIT = 10000
SQL_MAX_ROW = 100000

# --- caches -------------------------------------------------------------------------------------------------------


def redis_cache(database: int, prefix: str, seconds: int) -> dict[str, Any]:
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": cache(database),
        "CACHE_KEY_PREFIX": f"superset_{prefix}_",
        "CACHE_DEFAULT_TIMEOUT": seconds,
    }


HOUR, DAY = 3600, 86400
CACHE_CONFIG = redis_cache(0, "meta", HOUR)
DATA_CACHE_CONFIG = redis_cache(0, "data", HOUR)
THUMBNAIL_CACHE_CONFIG = redis_cache(0, "thumb", DAY)
FILTER_STATE_CACHE_CONFIG = redis_cache(1, "filter", 90 * DAY)
EXPLORE_FORM_DATA_CACHE_CONFIG = redis_cache(1, "explore", 7 * DAY)
# Results of background queries of SQL Lab.
if INSIDE_SUPERSET:
    RESULTS_BACKEND = RedisCache(host=Redis.from_url(cache(2)), key_prefix="superset_results_")

# Used only with the feature flag GLOBAL_ASYNC_QUERIES. Events must not be evicted, so they are on the broker's side.
GLOBAL_ASYNC_QUERIES_JWT_SECRET = secret("async_queries_secret")
GLOBAL_ASYNC_QUERIES_JWT_COOKIE_SECURE = True
GLOBAL_ASYNC_QUERIES_JWT_COOKIE_SAMESITE = "Lax"
GLOBAL_ASYNC_QUERIES_REDIS_STREAM_LIMIT_FIREHOSE = 10000
GLOBAL_ASYNC_QUERIES_CACHE_BACKEND = {
    "CACHE_TYPE": "RedisCache",
    "CACHE_REDIS_HOST": setting("REDIS_BROKER_HOST"),
    "CACHE_REDIS_PORT": 6379,
    "CACHE_REDIS_PASSWORD": secret("redis_broker_password"),
    "CACHE_REDIS_DB": 3,
    "CACHE_DEFAULT_TIMEOUT": 300,
}

# --- Celery -------------------------------------------------------------------------------------------------------

RETENTION_DAYS = number("RETENTION_DAYS")


class CeleryConfig:
    broker_url = broker(0)
    result_backend = broker(1)
    # A result is asked for soon or never; each minute's reports.scheduler leaves one.
    result_expires = 6 * HOUR
    imports = (
        "superset.sql_lab",
        "superset.tasks.scheduler",
        "superset.tasks.thumbnails",
        "superset.tasks.cache",
        "superset.tasks.slack",
    )
    broker_connection_retry_on_startup = True
    broker_transport_options = {
        # A message that is held for longer is given to somebody else: longer than the longest task, or it runs twice.
        "visibility_timeout": number("CELERY_VISIBILITY_TIMEOUT"),
        "health_check_interval": 30,
        "socket_keepalive": True,
    }
    # Superset's tasks may not run twice, so a message counts as done when its task begins.
    task_acks_late = False
    worker_prefetch_multiplier = 1
    worker_max_tasks_per_child = 100
    task_annotations = {"sql_lab.get_sql_results": {"rate_limit": "100/s"}}
    # Off: everything goes through the queue `celery`. On: a worker for each queue has to be there, see CELERY_QUEUES.
    task_routes = (
        {
            "sql_lab.*": {"queue": "sqllab"},
            "reports.*": {"queue": "reports"},
            "cache*": {"queue": "background"},
            "fetch_url": {"queue": "background"},
        }
        if switched_on("CELERY_ROUTES")
        else {}
    )
    beat_schedule = {
        # Every minute, also without ALERT_REPORTS: superset-healthd takes it for Beat's heartbeat. Superset computes
        # the time of a run from `expires`: without it late runs miss reports.
        "reports.scheduler": {
            "task": "reports.scheduler",
            "schedule": crontab(minute="*"),
            "options": {"expires": 7 * DAY},
        },
        "reports.prune_log": {"task": "reports.prune_log", "schedule": crontab(minute=10, hour=0)},
        "prune_query": {
            "task": "prune_query",
            "schedule": crontab(minute=20, hour=0),
            "kwargs": {"retention_period_days": RETENTION_DAYS},
        },
        "prune_logs": {
            "task": "prune_logs",
            "schedule": crontab(minute="*/10"),
            "kwargs": {"retention_period_days": RETENTION_DAYS, "max_rows_per_run": 10000},
        },
    }


CELERY_CONFIG = CeleryConfig

# Beat's container only, where the health check looks at the file's age. The signal comes after Redis took the message.
if "BEAT_TICK_FILE" in os.environ:
    from celery.signals import after_task_publish

    @after_task_publish.connect(weak=False)
    def remember_the_tick(**_: Any) -> None:
        Path(os.environ["BEAT_TICK_FILE"]).touch()


# --- features, reports, mail --------------------------------------------------------------------------------------

# NAME or NAME=off, with commas between them.
FEATURE_FLAGS = {
    name.strip(): state.strip() != "off"
    for name, _, state in (entry.partition("=") for entry in setting("FEATURE_FLAGS").split(",") if entry.strip())
}

# The worker's browser goes past nginx; people get links that lead through it.
WEBDRIVER_BASEURL = "http://superset:8088/"
WEBDRIVER_BASEURL_USER_FRIENDLY = setting("PUBLIC_URL") + "/"
# Superset's own samples switch this on, and then a report succeeds and nothing is sent.
ALERT_REPORTS_NOTIFICATION_DRY_RUN = False

SMTP_HOST = setting("SMTP_HOST")
SMTP_PORT = number("SMTP_PORT")
SMTP_MAIL_FROM = setting("SMTP_MAIL_FROM")
SMTP_STARTTLS = True
SMTP_SSL = False
# The server has to show a certificate that is valid for its name.
SMTP_SSL_SERVER_AUTH = True
# Without a user no password is sent.
SMTP_USER = setting("SMTP_USER")
SMTP_PASSWORD = secret("smtp_password", optional=True)
