"""superset-healthd with the shipped configurations: the host's, and the health checks of worker and Beat."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Iterator

import pytest

from stack import processes
from stack.ports import free_ports
from stack.processes import Process
from stack.waiting import wait_until

from shipped import SHIPPED

from linting.deployment import Deployment
from linting.sources import Yaml

PASSWORD = "a-password-of-the-test"

# The smallest application with what the shipped configuration says about Celery, and a faster clock.
APPLICATION = """
import superset_config
from celery import Celery

app = Celery("superset")
app.config_from_object(superset_config.CELERY_CONFIG)
app.conf.imports = ()
app.conf.broker_url = app.conf.result_backend = "redis://:{password}@127.0.0.1:{port}/0"
app.conf.beat_schedule = {{"reports.scheduler": {{"task": "reports.scheduler", "schedule": 1.0}}}}


@app.task(name="reports.scheduler")
def scheduler():
    pass
"""


def test_the_hosts_configuration_is_accepted_and_names_the_published_ports(binary: Path, tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "healthd" / "config.yaml", tmp_path)
    for name in re.findall(r"password_file: (\S+)", (tmp_path / "config.yaml").read_text()):
        (tmp_path / name).write_text(PASSWORD)
        (tmp_path / name).chmod(0o600)
    command = [binary, "check-config", f"--config.file={tmp_path}/config.yaml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    site = Deployment(SHIPPED)
    ports = [found.text for service in site.services for found in site.items(service, "ports")]
    published = {port.split(":")[1] for port in ports if port.startswith("127.0.0.1:")}
    asked = set(re.findall(r"127\.0\.0\.1(?: port=|:)(\d+)", (tmp_path / "config.yaml").read_text()))
    assert asked >= published, "each part that is published on loopback is watched"
    assert asked - published == {"9848", "9093"}, "the daemon itself, and Alertmanager"


def test_the_health_checks_ask_where_compose_puts_the_broker() -> None:
    inside = Yaml(SHIPPED / "healthd" / "inside.yaml")
    assert inside.at("probes", 0, "url") == "redis://redis-broker:6379/0"
    assert inside.at("probes", 0, "password_file") == "/run/secrets/redis_broker_password"
    assert [probe["kind"] for probe in inside.at("probes")] == ["redis", "celery", "beat"]


class Celery:
    """A broker, and worker and Beat as a test wants them."""

    def __init__(self, room: Path, binary: Path) -> None:
        self.room = room
        self.port = free_ports(["redis"])["redis"]
        self.tick = room / "celerybeat.tick"
        self.started: list[Process] = []
        (room / "password").write_text(PASSWORD)
        (room / "password").chmod(0o600)
        inside = (SHIPPED / "healthd" / "inside.yaml").read_text()
        inside = inside.replace("redis-broker:6379", f"127.0.0.1:{self.port}")
        (room / "inside.yaml").write_text(inside.replace("/run/secrets/redis_broker_password", f"{room}/password"))
        (room / "application.py").write_text(APPLICATION.format(password=PASSWORD, port=self.port))
        (room / "secrets").mkdir()
        for name in Deployment(SHIPPED).compose.at("secrets"):
            (room / "secrets" / name).write_text("a-secret-of-the-test")
        environment = {name: found.text for name, found in Deployment(SHIPPED).environment("beat").items()}
        self.environment = {
            **environment,
            "PATH": f"{binary.parent}:/usr/bin:/bin",
            "SECRETS_DIR": str(room / "secrets"),
            "PYTHONPATH": f"{room}:{SHIPPED / 'superset'}",
            "BEAT_TICK_FILE": str(self.tick),
            "HEALTHD_CONFIG": str(room / "inside.yaml"),
        }

    def start(self, *command: str, log: str) -> Process:
        with (self.room / log).open("wb") as out:
            child = subprocess.Popen(
                command, cwd=self.room, env=self.environment, stdout=out, stderr=out, start_new_session=True
            )
        self.started.append(processes.adopt(child))
        return self.started[-1]

    def redis(self) -> Process:
        return self.start("/usr/bin/redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "",
                          "--requirepass", PASSWORD, log="redis.log")  # fmt: skip

    def worker(self, name: str) -> Process:
        options = ["--loglevel=INFO", "--concurrency=1", f"--hostname=worker@{name}"]
        return self.celery("worker", *options, log=f"worker-{name}.log")

    def beat(self) -> Process:
        return self.celery("beat", "--pidfile=beat.pid", "--schedule=schedule", log="beat.log")

    def celery(self, *words: str, log: str) -> Process:
        command = ["/usr/bin/nice", "-n", "10", "/usr/bin/python3", "-B", "-m", "celery", "--app=application", *words]
        return self.start(*command, log=log)

    def check(self, name: str) -> subprocess.CompletedProcess[str]:
        command = [str(SHIPPED / "healthd" / name)]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)

    def well(self, name: str) -> bool:
        return self.check(name).returncode == 0

    def close(self) -> None:
        for who in reversed(self.started):
            processes.stop_tree(who, signal.SIGKILL)


@pytest.fixture
def celery(tmp_path: Path, binary: Path) -> Iterator[Celery]:
    made = Celery(tmp_path, binary)
    made.redis()
    wait_until(lambda: "no worker listens" in made.check("check-worker").stdout, 10, "the broker answers")
    yield made
    made.close()


def test_a_worker_is_healthy_while_it_answers_itself(celery: Celery) -> None:
    own = celery.worker("%h")
    wait_until(lambda: celery.well("check-worker"), 30, "the worker is healthy")
    celery.worker("other")
    wait_until(lambda: celery.check("check-worker").returncode == 0, 30, "still healthy")
    wait_until(lambda: "ready" in (celery.room / "worker-other.log").read_text(), 30, "the other worker is ready")
    processes.freeze_tree(own)
    answer = celery.check("check-worker")
    assert answer.returncode == 1, "another worker's answer is not ours: " + answer.stdout
    assert "does not answer" in answer.stdout
    processes.thaw_tree(own)
    wait_until(lambda: celery.well("check-worker"), 30, "healthy again")


def test_beat_is_healthy_while_it_sends_and_its_broker_takes(celery: Celery) -> None:
    answer = celery.check("check-beat")
    assert answer.returncode == 1 and "Beat has sent nothing" in answer.stdout
    beat = celery.beat()
    wait_until(lambda: celery.well("check-beat"), 30, "Beat is healthy")
    processes.stop_tree(beat)
    assert celery.well("check-beat"), "one tick that is late is no fault"
    old = time.time() - 240
    os.utime(celery.tick, (old, old))
    assert not celery.well("check-beat")
    celery.tick.touch()
    processes.stop_tree(celery.started[0])
    answer = celery.check("check-beat")
    assert answer.returncode == 1 and "broker  down (connect_refused)" in answer.stdout
