"""Redis as the two services start it: with the shipped files, under Debian's Redis."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from stack import processes
from stack.ports import free_ports
from stack.server import run_as
from stack.waiting import wait_until

from shipped import SHIPPED

PASSWORD = "a-Pass_word-of-the-test"


class Redis:
    """One instance, as a user that is not root, for the start script changes the user where it is."""

    def __init__(self, folder: Path, configuration: str) -> None:
        self.folder = folder
        self.port = free_ports(["redis"])["redis"]
        self.secret = folder / "password"
        self.secret.write_text(PASSWORD + "\n")
        text = (SHIPPED / "redis" / configuration).read_text()
        changes = {"port 6379": f"port {self.port}", "bind * -::*": "bind 127.0.0.1", "dir /data": f"dir {folder}"}
        for old, new in changes.items():
            assert old in text, f"{configuration} has no {old!r} any more"
            text = text.replace(old, new)
        (folder / "redis.conf").write_text(text)
        self.scripts = folder / "scripts"
        shutil.copytree(SHIPPED / "redis", self.scripts)
        self.user = run_as("nobody")

    def start(self) -> subprocess.Popen[bytes]:
        command = ["/bin/sh", self.scripts / "start.sh", self.folder / "redis.conf", self.secret]
        child = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **self.user
        )  # type: ignore[call-overload]
        self.process = processes.adopt(child)
        return child

    def ask(self, *words: str, program: str = "") -> str:
        command = [program or str(self.scripts / "redis-cli"), "-p", str(self.port), *words]
        environment = {"PATH": "/usr/bin:/bin", "REDIS_PASSWORD_FILE": str(self.secret)}
        return subprocess.run(command, env=environment, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def room() -> Iterator[Path]:
    """Below /tmp itself: pytest's own folders are closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="superset-deployment-"))
    folder.chmod(0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=["broker.conf", "cache.conf"])
def redis(request: pytest.FixtureRequest, room: Path) -> Iterator[Redis]:
    made = Redis(room, request.param)
    made.start()
    wait_until(lambda: made.ask("ping") == "PONG", 10, "Redis answers the wrapper of redis-cli")
    yield made
    processes.stop_tree(made.process)


def test_the_password_is_needed_and_neither_arguments_nor_environment_show_it(redis: Redis) -> None:
    assert redis.ask("ping", program="/usr/bin/redis-cli") == "NOAUTH Authentication required."
    for member in processes.tree(redis.process):
        for name in ("cmdline", "environ"):
            assert PASSWORD.encode() not in Path(f"/proc/{member.pid}/{name}").read_bytes()


def test_the_wrapper_takes_options_as_redis_cli_does(redis: Redis) -> None:
    assert redis.ask("-n", "3", "set", "key", "two words") == "OK"
    assert redis.ask("-n", "3", "get", "key") == "two words"
    assert redis.ask("get", "key") == ""


def test_the_broker_keeps_what_it_took_and_the_cache_keeps_nothing(room: Path, redis: Redis) -> None:
    broker = redis.ask("config", "get", "appendonly").endswith("yes")
    policy = redis.ask("config", "get", "maxmemory-policy").split()[-1]
    assert policy == ("noeviction" if broker else "allkeys-lru")
    redis.ask("set", "key", "value")
    processes.stop_tree(redis.process)
    redis.start()
    wait_until(lambda: redis.ask("ping") == "PONG", 10, "Redis is back")
    assert redis.ask("get", "key") == ("value" if broker else "")


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("", "is empty"),
        ("two words", "may hold letters"),
        ('x"\nrequirepass y', "may hold letters"),
        (None, "cannot read"),
    ],
)
def test_redis_does_not_start_without_a_proper_password(room: Path, password: str | None, says: str) -> None:
    redis = Redis(room, "cache.conf")
    if password is None:
        redis.secret.unlink()
    else:
        redis.secret.write_text(password)
    child = redis.start()
    said = child.communicate(timeout=10)[1].decode()
    assert child.returncode == 1
    assert says in said
