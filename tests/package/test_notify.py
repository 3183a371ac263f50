"""What systemd is told, and when it stops hearing from a daemon that is of no use any more."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Iterator

import pytest
from stack.ports import free_ports
from stack.waiting import wait_until

from listener import Listener, abstract_name

WATCHDOG_SECONDS = 1.5
PING = WATCHDOG_SECONDS / 3
BEAT = 0.25  # how often the daemon looks whether a ping is due
SLACK = 2.0  # a busy machine's
LEAST_SILENCE = 60  # daemon/progress.cpp


class Daemon:
    """Watches a port of this machine where nobody listens: harmless, and each run is over at once."""

    def __init__(self, binary: Path, folder: Path, port: int = 0) -> None:
        self.binary = binary
        self.folder = folder
        ports = free_ports(["web", "target"])
        self.port = port or ports["web"]
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "config.yaml").write_text(json.dumps({
            "stack": "notify",
            "web": {"listen_address": f"127.0.0.1:{self.port}"},
            "probes": [{"name": "app", "kind": "gunicorn", "url": f"http://127.0.0.1:{ports['target']}/health",
                        "interval": "500ms", "timeout": "200ms"}],
        }))  # fmt: skip

    def start(self, **environment: str) -> None:
        command = [self.binary, "run", f"--config.file={self.folder}/config.yaml", f"--storage.path={self.folder}/state",
                   f"--control.socket={self.folder}/control.sock"]  # fmt: skip
        (self.folder / "state").mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"} | environment, stdout=log, stderr=log
            )

    def answers(self) -> bool:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)) as connection:
            try:
                connection.request("GET", "/-/healthy")
                return connection.getresponse().status == 200
            except OSError:
                return False

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(12)

    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture
def daemon(binary: Path, tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(binary, tmp_path)
    yield made
    if made.process and made.process.poll() is None:
        made.process.kill()
        made.process.wait(5)


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    with Listener(str(tmp_path / "notify") if request.param == "path" else abstract_name()) as listener:
        yield listener


def watched(listener: Listener) -> dict[str, str]:
    return {"NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": str(int(WATCHDOG_SECONDS * 1e6))}


def test_ready_is_said_with_a_status_when_the_web_server_answers(daemon: Daemon, systemd: Listener) -> None:
    daemon.start(NOTIFY_SOCKET=systemd.address)
    ready = systemd.wait_for("READY", 15)
    assert daemon.answers(), "it said READY=1, and its web server does not answer"
    assert ready.fields["READY"] == "1"
    assert ready.fields["STATUS"] == "watching 1 probes"
    assert systemd.heard == [ready], "nothing is said before"


def test_a_daemon_that_cannot_listen_never_says_that_it_is_ready(daemon: Daemon, systemd: Listener) -> None:
    (daemon.folder / "other").mkdir()
    other = Daemon(daemon.binary, daemon.folder / "other", daemon.port)
    daemon.start(NOTIFY_SOCKET=abstract_name())
    wait_until(daemon.answers, 15, "the first daemon answers")
    other.start(NOTIFY_SOCKET=systemd.address)
    assert other.process and other.process.wait(15) == 1
    systemd.quiet("READY", 0.1)


def test_a_wrong_configuration_is_78_and_nothing_is_said(daemon: Daemon, systemd: Listener) -> None:
    (daemon.folder / "config.yaml").write_text("stack: notify\n")
    daemon.start(NOTIFY_SOCKET=systemd.address)
    assert daemon.process and daemon.process.wait(15) == 78
    systemd.quiet("READY", 0.1)


@pytest.mark.parametrize("wrong", [False, True])
def test_a_reload_is_announced_and_ends_with_ready(daemon: Daemon, systemd: Listener, wrong: bool) -> None:
    """systemd waits for the end; a file that is wrong is told in the status, and the daemon goes on."""
    daemon.start(NOTIFY_SOCKET=systemd.address)
    systemd.wait_for("READY", 15)
    if wrong:
        with (daemon.folder / "config.yaml").open("a") as file:
            file.write("\n} nonsense")
    before = time.monotonic_ns() // 1000
    assert daemon.process
    daemon.process.send_signal(signal.SIGHUP)
    began = systemd.wait_for("RELOADING", 15)
    assert before <= int(began.fields["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    status = systemd.wait_for("READY", 15).fields["STATUS"]
    assert status.startswith("watching 1 probe")
    assert ("the old configuration runs" in status) == wrong
    assert daemon.answers()


def test_the_watchdog_hears_a_sign_of_life_every_third_of_its_time(daemon: Daemon, systemd: Listener) -> None:
    daemon.start(**watched(systemd))
    systemd.wait_for("READY", 15)
    times = [systemd.wait_for("WATCHDOG", WATCHDOG_SECONDS + SLACK).at for _ in range(7)]
    gaps = sorted(after - before for before, after in zip(times, times[1:]))
    assert gaps[0] >= PING - BEAT, gaps
    assert gaps[len(gaps) // 2] <= PING + 2 * BEAT, gaps
    assert gaps[-1] < WATCHDOG_SECONDS, gaps


def test_no_sign_of_life_is_sent_where_none_is_asked_for(daemon: Daemon, systemd: Listener) -> None:
    daemon.start(NOTIFY_SOCKET=systemd.address)
    systemd.wait_for("READY", 15)
    systemd.quiet("WATCHDOG", 2)


def test_a_watchdog_of_another_process_is_none_of_its_business(daemon: Daemon, systemd: Listener) -> None:
    daemon.start(**watched(systemd), WATCHDOG_PID="1")
    systemd.wait_for("READY", 15)
    systemd.quiet("WATCHDOG", 2)


def test_stopping_is_said_on_sigterm(daemon: Daemon, systemd: Listener) -> None:
    daemon.start(**watched(systemd))
    systemd.wait_for("READY", 15)
    assert daemon.end() == 0
    assert systemd.wait_for("STOPPING", 1).fields["STOPPING"] == "1"


def test_a_signal_that_comes_with_ready_is_not_lost(daemon: Daemon, systemd: Listener) -> None:
    """systemd may stop it at that very moment; killed by the signal, it would leave without a word."""
    for _ in range(5):
        daemon.start(NOTIFY_SOCKET=systemd.address)
        systemd.wait_for("READY", 15)
        assert daemon.end() == 0


def test_without_a_socket_nothing_is_sent_and_it_runs(daemon: Daemon, tmp_path: Path) -> None:
    """A socket where one would be by default hears nothing."""
    with Listener(str(tmp_path / "notify")) as listener:
        daemon.start(WATCHDOG_USEC="900000")
        wait_until(daemon.answers, 15, "the daemon answers")
        listener.quiet("READY", 1.5)
    assert daemon.end() == 0


def test_a_socket_that_nobody_reads_holds_up_nothing(daemon: Daemon, tmp_path: Path) -> None:
    with Listener(str(tmp_path / "notify")) as listener:
        daemon.start(NOTIFY_SOCKET=listener.address, WATCHDOG_USEC="30000")
        wait_until(daemon.answers, 15, "the daemon answers")
        for _ in range(20):
            assert daemon.answers()
        assert daemon.end() == 0


def test_the_watchdog_hears_nothing_once_the_event_loop_is_wedged(daemon: Daemon, systemd: Listener) -> None:
    """The third run of the probe never gives the loop back."""
    daemon.start(**watched(systemd), HEALTHD_FAILPOINT="wedge_loop:3")
    systemd.wait_for("READY", 15)
    wait_until(lambda: not daemon.answers(), 15, "the loop is wedged", step=0.1)
    while systemd.listen(0.01):
        pass
    systemd.quiet("WATCHDOG", 2 * WATCHDOG_SECONDS)
    assert daemon.process and daemon.process.poll() is None
    assert daemon.end(signal.SIGABRT) == -signal.SIGABRT, "what systemd sends then ends it"


@pytest.mark.full
def test_the_watchdog_hears_nothing_once_a_probe_makes_no_progress(daemon: Daemon, systemd: Listener) -> None:
    """The loop lives and pages are served, but the only probe never ends its run: such a daemon watches nothing."""
    daemon.start(**watched(systemd), HEALTHD_FAILPOINT="hang_run:3")
    ready = systemd.wait_for("READY", 15)
    while (silence := systemd.listen(3 * WATCHDOG_SECONDS)) is not None:
        assert silence.at - ready.at < LEAST_SILENCE + 15, "it goes on for ever"
    last = systemd.heard[-1].at - ready.at
    assert LEAST_SILENCE <= last, f"it gave up after {last:.0f} s"
    assert daemon.answers()
    assert "watchdog_withheld" in daemon.log() and "probe=app" in daemon.log()
