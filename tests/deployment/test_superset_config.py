"""superset_config.py, loaded with the environment that Compose gives it and with secret files."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shipped import SHIPPED

from linting.deployment import Deployment

LOAD = """
import json, runpy, sys
values = runpy.run_path(sys.argv[1])
celery = {key: value for key, value in vars(values["CELERY_CONFIG"]).items() if key[0] != "_"}
loaded = {key: value for key, value in values.items() if key.isupper()}
print(json.dumps({**loaded, "CELERY_CONFIG": celery}, default=str))
"""


class Container:
    """What the configuration finds in the container of a service."""

    def __init__(self, secrets: Path, service: str = "superset") -> None:
        self.secrets = secrets
        found = Deployment(SHIPPED).environment(service)
        self.environment = {name: value.text for name, value in found.items()} | {"SECRETS_DIR": str(secrets)}
        for name in Deployment(SHIPPED).compose.at("secrets"):
            (secrets / name).write_text(f"value-of-{name}\n")

    def load(self) -> subprocess.CompletedProcess[str]:
        command = ["/usr/bin/python3", "-I", "-B", "-c", LOAD, str(SHIPPED / "superset" / "superset_config.py")]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)

    def values(self) -> Any:
        done = self.load()
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def complaint(self) -> str:
        done = self.load()
        assert done.returncode != 0
        return done.stderr.splitlines()[-1]


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


def test_passwords_come_from_the_secret_files(container: Container) -> None:
    (container.secrets / "postgres_password").write_text("p/w:@%\n")
    values = container.values()
    assert values["SECRET_KEY"] == "value-of-superset_secret_key"
    assert values["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg2://superset:p%2Fw%3A%40%25@postgres:5432/superset"
    assert values["GUEST_TOKEN_JWT_SECRET"] == "value-of-guest_token_secret"
    assert values["GLOBAL_ASYNC_QUERIES_JWT_SECRET"] == "value-of-async_queries_secret"


def test_the_previous_key_is_there_only_while_it_is_needed(container: Container) -> None:
    assert container.values()["PREVIOUS_SECRET_KEY"] == "value-of-superset_previous_secret_key"
    (container.secrets / "superset_previous_secret_key").write_text("")
    assert container.values()["PREVIOUS_SECRET_KEY"] is None


def test_work_goes_to_the_broker_and_what_may_be_lost_to_the_cache(container: Container) -> None:
    values = container.values()
    broker = "redis://:value-of-redis_broker_password@redis-broker:6379"
    cache = "redis://:value-of-redis_cache_password@redis-cache:6379"
    values = json.loads(re.sub(r"\?socket_[^\"]*", "", json.dumps(values)))
    assert values["CELERY_CONFIG"]["broker_url"] == f"{broker}/0"
    assert values["CELERY_CONFIG"]["result_backend"] == f"{broker}/1"
    assert values["CACHE_CONFIG"]["CACHE_REDIS_URL"] == values["DATA_CACHE_CONFIG"]["CACHE_REDIS_URL"] == f"{cache}/0"
    assert values["FILTER_STATE_CACHE_CONFIG"]["CACHE_REDIS_URL"] == f"{cache}/1"
    assert values["RATELIMIT_STORAGE_URI"] == f"{cache}/3"


def test_a_redis_that_hangs_or_is_gone_costs_seconds_and_not_the_service(container: Container) -> None:
    values = container.values()
    urls = [value["CACHE_REDIS_URL"] for value in values.values() if isinstance(value, dict) and "CACHE_REDIS_URL" in value]
    for url in [*urls, values["RATELIMIT_STORAGE_URI"]]:
        times = parse_qs(urlsplit(url).query)
        assert 0 < int(times["socket_timeout"][0]) <= 10 and 0 < int(times["socket_connect_timeout"][0]) <= 10
    assert values["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] is values["RATELIMIT_SWALLOW_ERRORS"] is True


def test_caches_on_one_database_do_not_share_keys(container: Container) -> None:
    values = container.values()
    settings = [value for value in values.values() if isinstance(value, dict)]
    prefixes = [value["CACHE_KEY_PREFIX"] for value in settings if "CACHE_KEY_PREFIX" in value]
    assert len(prefixes) == len(set(prefixes)) == 5


def test_beat_sends_what_the_monitor_waits_for_and_what_prunes(container: Container) -> None:
    schedule = container.values()["CELERY_CONFIG"]["beat_schedule"]
    assert schedule["reports.scheduler"]["schedule"] == {"minute": "*"}
    assert schedule["reports.scheduler"]["options"]["expires"] == 604800
    assert {entry["task"] for entry in schedule.values()} == {
        "reports.scheduler", "reports.prune_log", "prune_query", "prune_logs"
    }  # fmt: skip


def test_tasks_stay_on_one_queue_unless_routes_are_on(container: Container) -> None:
    assert container.values()["CELERY_CONFIG"]["task_routes"] == {}
    container.environment["CELERY_ROUTES"] = "on"
    assert container.values()["CELERY_CONFIG"]["task_routes"]["reports.*"] == {"queue": "reports"}


def test_feature_flags_can_be_switched_both_ways(container: Container) -> None:
    container.environment["FEATURE_FLAGS"] = "ALERT_REPORTS, DASHBOARD_RBAC=off,"
    assert container.values()["FEATURE_FLAGS"] == {"ALERT_REPORTS": True, "DASHBOARD_RBAC": False}


def test_each_role_has_its_own_pool_and_name_at_the_database(tmp_path: Path) -> None:
    names = set()
    for service in ("superset", "superset-init", "worker"):
        options = Container(tmp_path, service).values()["SQLALCHEMY_ENGINE_OPTIONS"]
        names.add(options["connect_args"]["application_name"])
        # A migration may take any time; a page may not.
        assert ("statement_timeout=0s" in options["connect_args"]["options"]) == (service == "superset-init")
    assert len(names) == 3


@pytest.mark.parametrize("name", ["superset_secret_key", "postgres_password", "redis_broker_password"])
def test_a_missing_or_empty_secret_ends_the_start_with_a_sentence(container: Container, name: str) -> None:
    (container.secrets / name).write_text("\n")
    assert f"the secret {name} is empty ({container.secrets / name}); run ./make-secrets" in container.complaint()
    (container.secrets / name).unlink()
    assert f"the secret {name} cannot be read from {container.secrets / name}" in container.complaint()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SQLLAB_TIMEOUT", "1m", "SQLLAB_TIMEOUT has to be a whole number and is '1m'"),
        ("CELERY_ROUTES", "yes", "CELERY_ROUTES has to be on or off and is 'yes'"),
        ("POSTGRES_HOST", None, "the environment lacks POSTGRES_HOST"),
    ],
)
def test_a_bad_setting_ends_the_start_with_a_sentence(
    container: Container, name: str, value: str | None, says: str
) -> None:
    container.environment.pop(name)
    if value is not None:
        container.environment[name] = value
    assert says in container.complaint()
