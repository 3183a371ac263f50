"""SIGTERM: the daemon ends in time, with success, and what was due has been told."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import pytest

from stack.ports import free_ports
from stack.receiver import Manners, Receiver
from stack.waiting import wait_until

STOP_SECONDS = 10

CONFIGURATION = """\
stack: stop
web: {{listen_address: "127.0.0.1:{healthd}", external_url: "http://127.0.0.1:{healthd}"}}
defaults: {{interval: 500ms, timeout: 300ms, retry_interval: 200ms}}
probes:
  - {{name: app, kind: gunicorn, url: "http://127.0.0.1:{closed}/health"}}
receivers:
  - {{name: hook, webhook: {{url: "{receiver}/hook"}}}}
"""


@dataclass
class Lonely:
    """A daemon whose only target is down, and whose only receiver we control."""

    process: subprocess.Popen[bytes]
    receiver: Receiver

    def stop(self) -> tuple[int, float]:
        """Exit code and how long it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS + 5), time.monotonic() - began


@pytest.fixture
def lonely(binary: Path, tmp_path: Path) -> Iterator[Lonely]:
    receiver = Receiver()
    file = tmp_path / "config.yaml"
    file.write_text(CONFIGURATION.format(**free_ports(["healthd", "closed"]), receiver=receiver.url))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([binary, "run", f"--config.file={file}", f"--storage.path={tmp_path}"], cwd=tmp_path, stdout=log, stderr=log)
    try:
        yield Lonely(process, receiver)
    finally:
        process.kill()
        process.wait()
        receiver.close()
        print((tmp_path / "log").read_text())


def test_it_ends_with_success_when_all_is_told(lonely: Lonely) -> None:
    wait_until(lambda: lonely.receiver.alerts("/hook", "SupersetWebDown", "firing"), 15, "told")
    code, took = lonely.stop()
    assert (code, took < STOP_SECONDS) == (0, True), took


@pytest.mark.parametrize(
    "manners", [Manners(delay=3), Manners(refusals=1)], ids=["a slow receiver", "a receiver that refuses once"]
)
def test_what_was_due_is_told_before_it_ends(lonely: Lonely, manners: Manners) -> None:
    lonely.receiver.manners = manners
    wait_until(lambda: lonely.receiver.messages, 15, "the first attempt to tell")
    code, took = lonely.stop()
    assert (code, took < STOP_SECONDS) == (0, True), took
    assert lonely.receiver.alerts("/hook", "SupersetWebDown", "firing")
    last = lonely.receiver.messages[-1]
    assert last.answered == 200


def test_a_receiver_that_never_answers_does_not_hold_it_up(lonely: Lonely) -> None:
    lonely.receiver.manners = Manners(delay=30)
    wait_until(lambda: lonely.receiver.messages, 15, "the first attempt to tell")
    code, took = lonely.stop()
    assert (code, took < STOP_SECONDS) == (0, True), took
