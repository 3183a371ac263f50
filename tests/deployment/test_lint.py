"""./lint finds each mistake it knows, names the line to change, and finds nothing in what is shipped."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from mutations import ALL, Mutation
from shipped import SHIPPED

from linting.command import RULES, lines


def lint(folder: Path) -> list[str]:
    """Without a process of its own, which would cost most of the time."""
    return list(lines(folder))


def test_nothing_is_found_in_what_is_shipped() -> None:
    assert lint(SHIPPED) == []


def test_the_command_ends_with_1_where_something_is_wrong_and_says_how_much(folder: Path) -> None:
    assert subprocess.run([SHIPPED / "lint", folder], capture_output=True).returncode == 0
    (folder / "redis" / "cache.conf").write_text("maxmemory 0\n")
    done = subprocess.run([folder / "lint"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"lint: {len(done.stdout.splitlines()) - 1} to mend"


def test_nothing_is_found_in_a_folder_with_settings_and_secrets_of_its_own(folder: Path) -> None:
    own_uid(folder)
    subprocess.run([folder / "make-secrets"], check=True, capture_output=True)
    assert lint(folder) == []


@pytest.mark.parametrize("mutation", ALL, ids=lambda mutation: f"{mutation.rule}: {mutation.says}")
def test_a_mistake_is_found_with_its_line(folder: Path, mutation: Mutation) -> None:
    file, line = mutation.apply(folder)
    found = lint(folder)
    told = [text for text in found if mutation.says in text]
    assert told, found
    assert any(text.startswith(f"{file}:{line}: ") for text in told), (line, told)
    assert all(re.match(r"\S+:\d+: .+; fix: .+$", text) for text in found), found


def test_every_rule_has_a_mistake_that_it_finds() -> None:
    rules = {rule.__name__ for rule in RULES}
    # Those about the files themselves have tests of their own below.
    about_files = {"secrets_are_there_and_private", "secrets_are_secret", "mounted_files_can_be_read"}
    assert not rules - {mutation.rule for mutation in ALL} - about_files


@pytest.mark.parametrize("name", ["superset/superset_config.py", "nginx/html/maintenance.html", "nginx/snippets"])
def test_a_copy_that_the_containers_cannot_read_is_found(folder: Path, name: str) -> None:
    (folder / name).chmod(0o700)
    assert [line for line in lint(folder) if line.startswith(f"{name}:1: ") and "cannot read this; fix: chmod" in line]


def test_a_setting_that_is_only_a_default_is_found_in_the_compose_file(folder: Path) -> None:
    example = (folder / ".env.example").read_text().splitlines()
    (folder / ".env").write_text("\n".join(line for line in example if "GUNICORN_KEEPALIVE" not in line))
    text = (folder / "docker-compose.yml").read_text().replace("GUNICORN_KEEPALIVE:-75", "GUNICORN_KEEPALIVE:-5")
    (folder / "docker-compose.yml").write_text(text)
    number = next(number for number, line in enumerate(text.splitlines(), 1) if "GUNICORN_KEEPALIVE" in line)
    assert any(line.startswith(f"docker-compose.yml:{number}: gunicorn's --keep-alive (5)") for line in lint(folder))


def test_a_setting_in_env_counts_before_the_default_and_before_the_example(folder: Path) -> None:
    text = (folder / ".env.example").read_text()
    (folder / ".env").write_text(text.replace("GUNICORN_THREADS=12", "GUNICORN_THREADS=40"))
    number = next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith("GUNICORN_THREADS"))
    assert any(line.startswith(f".env:{number}: 40 threads") for line in lint(folder))


def test_the_example_says_the_same_as_the_defaults(folder: Path) -> None:
    """Whoever removes a line from .env gets what the example said."""
    example = dict(line.split("=", 1) for line in (folder / ".env.example").read_text().splitlines()
                   if "=" in line and not line.startswith("#"))  # fmt: skip
    compose = (folder / "docker-compose.yml").read_text()
    defaults = {(name, default) for name, default in re.findall(r"\$\{(\w+):-([^}]*)\}", compose)
                if name != "COMPOSE_PROJECT_NAME"}  # fmt: skip
    assert defaults == set(example.items())


def own_uid(folder: Path) -> None:
    """Tests may run as anybody; the secret files belong to the user that .env names."""
    text = (folder / ".env.example").read_text()
    uid = 1000 if os.geteuid() == 0 else os.geteuid()
    (folder / ".env").write_text(text.replace("SUPERSET_UID=1000", f"SUPERSET_UID={uid}"))


@pytest.fixture
def secrets(folder: Path) -> Path:
    own_uid(folder)
    subprocess.run([folder / "make-secrets"], check=True, capture_output=True)
    return folder / "secrets"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("superset_secret_key", "TEST_NON_DEV_SECRET", "everybody knows this value"),
        ("async_queries_secret", "test-secret-change-me", "everybody knows this value"),
        ("postgres_password", "superset", "everybody knows this value"),
        ("superset_admin_password", "", "is empty"),
        ("redis_broker_password", "short", "5 characters are too few"),
        ("guest_token_secret", "x" * 20, "20 characters are too few"),
    ],
)
def test_a_bad_secret_is_found_and_not_shown(secrets: Path, name: str, value: str, says: str) -> None:
    (secrets / name).write_text(value)
    found = lint(secrets.parent)
    assert len(found) == 1
    assert found[0].startswith(f"secrets/{name}:1: ") and says in found[0]
    # A finding may be read by anybody; "superset" is a word of its own.
    assert not value or value == "superset" or value not in found[0]


def test_a_secret_that_others_may_read_is_found(secrets: Path) -> None:
    (secrets / "postgres_password").chmod(0o644)
    assert any("others may read it (mode 644)" in line for line in lint(secrets.parent))


def test_a_missing_secret_is_found(secrets: Path) -> None:
    (secrets / "guest_token_secret").unlink()
    assert lint(secrets.parent)[0].startswith("secrets/guest_token_secret:1: the secret guest_token_secret is missing")


def test_a_secret_that_superset_cannot_read_is_found(secrets: Path) -> None:
    environment = secrets.parent / ".env"
    environment.write_text(re.sub(r"SUPERSET_UID=\d+", "SUPERSET_UID=4711", environment.read_text()))
    assert any("Superset runs as 4711; fix: chown 4711" in line for line in lint(secrets.parent))
