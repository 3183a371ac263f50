"""A daemon that has just started on a healthy stack, where Beat sends once a minute."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Iterator

import pytest

from conftest import House
from observation import settle
from stack.ports import free_ports
from stack.receiver import Receiver
from stack.waiting import wait_until

TICK = "Task reports.prune_log["
CONFIGURATION = """\
stack: young
web: {{listen_address: "127.0.0.1:{healthd}", external_url: "http://127.0.0.1:{healthd}"}}
defaults: {{interval: 5s, timeout: 2s}}
probes:
  - {{name: broker, kind: redis, url: "redis://127.0.0.1:{redis}/0", password_file: "{secret}", role: broker}}
  - {{name: workers, kind: celery, broker: broker}}
  - {{name: beat, kind: beat, broker: broker, task: reports.prune_log, every: 60s}}
receivers:
  - {{name: hook, webhook: {{url: "{receiver}/hook"}}}}
"""


def just_missed_a_tick(house: House) -> None:
    """The longest wait for the next one begins now."""
    log = house.stack.servers["worker"].log
    before = log.read_text().count(TICK)
    wait_until(lambda: log.read_text().count(TICK) > before, 90, "Beat's task of every minute ran", step=0.2)


@pytest.fixture
def told(house: House, binary: Path, tmp_path: Path) -> Iterator[Receiver]:
    settle(house)
    just_missed_a_tick(house)
    receiver = Receiver()
    plan = house.stack.plan
    file = tmp_path / "config.yaml"
    file.write_text(
        CONFIGURATION.format(
            **free_ports(["healthd"]), redis=plan.ports["redis"], secret=plan.folder / "secrets" / "redis", receiver=receiver.url
        )
    )
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([binary, "run", f"--config.file={file}", f"--storage.path={tmp_path}"], cwd=tmp_path, stdout=log, stderr=log)
    try:
        yield receiver
    finally:
        process.terminate()
        process.wait(15)
        receiver.close()
        print((tmp_path / "log").read_text())


@pytest.mark.full
def test_it_tells_nobody_anything_while_it_waits_for_the_first_tick(told: Receiver) -> None:
    """The first tick is seen more than a minute after the start."""
    end = time.monotonic() + 150
    while time.monotonic() < end:
        assert [message.body for message in told.messages] == []
        time.sleep(0.5)
