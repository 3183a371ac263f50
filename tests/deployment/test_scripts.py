"""make-env, make-secrets, up and upgrade, with a stand-in for docker that writes down what it is asked."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from shipped import SHIPPED

# Fails at the first command that holds $FAIL_AT.
DOCKER = """#!/bin/sh
echo "$*" >>"$CALLS"
if [ -n "${FAIL_AT:-}" ]; then case "$*" in *"$FAIL_AT"*) echo "docker: stand-in fails" >&2; exit 1 ;; esac; fi
case "$*" in *pg_dump*) echo a dump ;; *pg_restore*) cat >/dev/null ;; esac
"""


class Site:
    """A folder as it is in /opt/superset after the first steps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder.parent / "calls"
        tools = folder.parent / "bin"
        tools.mkdir()
        (tools / "docker").write_text(DOCKER)
        (tools / "docker").chmod(0o755)
        uid = 1000 if os.geteuid() == 0 else os.geteuid()
        text = (folder / ".env.example").read_text().replace("SUPERSET_UID=1000", f"SUPERSET_UID={uid}")
        (folder / ".env").write_text(text)
        for name in ("fullchain.pem", "privkey.pem"):
            (folder / "nginx" / "tls" / name).write_text("a certificate")
        self.environment = {**os.environ, "PATH": f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin", "CALLS": str(self.calls)}

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        whole = [str(self.folder / command[0]), *command[1:]]
        return subprocess.run(whole, env={**self.environment, **environment}, capture_output=True, text=True)

    def asked(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def version(self) -> str:
        return re.search(r"^SUPERSET_VERSION=(.*)$", (self.folder / ".env").read_text(), re.M)[1]  # type: ignore[index]


@pytest.fixture
def site(folder: Path) -> Site:
    return Site(folder)


@pytest.fixture
def ready(site: Site) -> Site:
    assert site.run("make-secrets").returncode == 0
    return site


def scripts() -> list[Path]:
    files = [path for path in SHIPPED.rglob("*") if path.is_file() and "secrets" not in path.parts]
    return [path for path in files if path.read_bytes()[:2] == b"#!" and b"sh\n" in path.read_bytes()[:20]]


def test_all_shell_scripts_can_be_parsed_and_run() -> None:
    found = scripts()
    needed = {"up", "upgrade", "make-env", "make-secrets", "init.sh", "start.sh", "redis-cli", "check-beat"}
    assert {path.name for path in found} >= needed
    for path in found:
        done = subprocess.run(["/bin/bash", "-n", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert os.access(path, os.X_OK), f"{path} is not executable"


# --- make-env ---


def test_the_servers_name_reaches_nginx(site: Site) -> None:
    environment = site.folder / ".env"
    environment.write_text(environment.read_text().replace("=bi.example.com", "=charts.example.org"))
    assert site.run("make-env").returncode == 0
    assert "server_name charts.example.org;" in (site.folder / "nginx/snippets/server_name.conf").read_text()


@pytest.mark.parametrize("name", ["", "a b", "bi.example.com; return 200", "$host", "-x"])
def test_what_is_no_host_name_never_reaches_nginx(site: Site, name: str) -> None:
    environment = site.folder / ".env"
    environment.write_text(environment.read_text().replace("SERVER_NAME=bi.example.com", f"SERVER_NAME={name}"))
    done = site.run("make-env")
    assert done.returncode == 1
    assert "has to be one host name" in done.stderr
    assert not (site.folder / "nginx/snippets/server_name.conf").exists()


# --- make-secrets ---


def test_secrets_are_made_for_superset_alone_and_not_shown(site: Site) -> None:
    done = site.run("make-secrets")
    files = sorted((site.folder / "secrets").iterdir())
    assert len(files) == 9
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
        value = path.read_text()
        assert not value or value not in done.stdout + done.stderr
    values = [path.read_text() for path in files if path.read_text()]
    assert len(values) == len(set(values)) == 7
    assert min(map(len, values)) >= 24
    assert site.run("make-secrets", "--check").returncode == 0


def test_a_secret_that_is_there_is_never_touched(ready: Site) -> None:
    before = {path.name: path.read_text() for path in (ready.folder / "secrets").iterdir()}
    (ready.folder / "secrets" / "guest_token_secret").unlink()
    assert ready.run("make-secrets").stdout == "made secrets/guest_token_secret\n"
    after = {path.name: path.read_text() for path in (ready.folder / "secrets").iterdir()}
    assert after.pop("guest_token_secret") != before.pop("guest_token_secret")
    assert after == before


@pytest.mark.parametrize(
    ("value", "mode", "says"),
    [
        ("tooShort7", 0o600, "is shorter than 16"),
        ("Test-Guest-Secret-Change-Me", 0o600, "everybody knows"),
        ("with a space in it, and more", 0o600, "letters, digits, _ and - only"),
        ("a-perfectly-good-value-of-a-secret", 0o640, "has mode 640"),
        (None, 0, "is missing"),
    ],
)
def test_the_check_finds_what_is_wrong(ready: Site, value: str | None, mode: int, says: str) -> None:
    path = ready.folder / "secrets" / "guest_token_secret"
    path.unlink()
    if value is not None:
        path.write_text(value)
        path.chmod(mode)
        if os.geteuid() == 0:
            os.chown(path, 1000, 1000)
    done = ready.run("make-secrets", "--check")
    assert done.returncode == 1
    assert says in done.stderr
    assert value is None or value not in done.stderr


# --- up ---


def test_up_does_everything_and_waits(site: Site) -> None:
    done = site.run("up")
    assert done.returncode == 0, done.stderr
    assert site.asked() == ["compose build", "compose up -d --wait", "compose ps"]
    assert (site.folder / "secrets" / "postgres_password").exists()


def test_up_starts_nothing_without_a_certificate(site: Site) -> None:
    (site.folder / "nginx/tls/privkey.pem").unlink()
    done = site.run("up")
    assert done.returncode == 1
    assert "nginx/tls/privkey.pem is missing" in done.stderr
    assert site.asked() == []


def test_up_starts_nothing_that_the_lint_refuses(site: Site) -> None:
    environment = site.folder / ".env"
    environment.write_text(environment.read_text().replace("GUNICORN_THREADS=12", "GUNICORN_THREADS=50"))
    done = site.run("up")
    assert done.returncode == 1
    assert "50 threads share" in done.stdout
    assert site.asked() == []


# --- upgrade ---


def test_an_upgrade_dumps_before_it_migrates_and_migrates_before_it_starts(ready: Site) -> None:
    done = ready.run("upgrade", "6.2.0")
    assert done.returncode == 0, done.stderr
    steps = [re.sub(r".*(build|pg_dump|pg_restore|stop|run|up -d --wait).*", r"\1", call) for call in ready.asked()]
    assert steps == ["build", "pg_dump", "pg_restore", "stop", "pg_dump", "run", "up -d --wait"]
    assert ready.version() == "6.2.0"
    (dump,) = (ready.folder / "backups").iterdir()
    assert dump.read_text() == "a dump\n"
    assert dump.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("step", ["build", "pg_dump", "pg_restore"])
def test_an_upgrade_that_fails_early_changes_nothing(ready: Site, step: str) -> None:
    done = ready.run("upgrade", "6.2.0", FAIL_AT=step)
    assert done.returncode == 1
    assert "Nothing was changed; 6.1.0 keeps running" in done.stderr
    assert ready.version() == "6.1.0"
    assert not any("stop" in call for call in ready.asked())


@pytest.mark.parametrize("step", ["superset-init", "up -d"])
def test_an_upgrade_that_fails_late_says_how_to_go_back(ready: Site, step: str) -> None:
    done = ready.run("upgrade", "6.2.0", FAIL_AT=step)
    assert done.returncode == 1
    (dump,) = (ready.folder / "backups").iterdir()
    assert f"pg_restore -U superset -d superset --exit-on-error < backups/{dump.name}" in done.stderr
    assert "SUPERSET_VERSION=6.1.0" in done.stderr


@pytest.mark.parametrize("version", ["", "latest", "6", "6.1.0"])
def test_an_upgrade_to_no_exact_or_no_new_version_is_refused(ready: Site, version: str) -> None:
    assert ready.run("upgrade", version).returncode == 1
    assert ready.asked() == []
    assert ready.version() == "6.1.0"
