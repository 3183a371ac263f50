"""Clients that are slow on purpose, and very many: pages are served to the others meanwhile."""

from __future__ import annotations

import shutil
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Callable

import latency
import pytest
from place import Place
from stack.waiting import wait_until

SLOW = {
    "headers": ["-H", "-i", "1", "-t", "GET"],
    "body": ["-B", "-i", "1", "-s", "8192", "-t", "POST"],
    "ranges": ["-R", "-t", "HEAD", "-a", "10", "-b", "3000"],
    "reading": ["-X", "-w", "1", "-y", "16", "-n", "1", "-z", "1", "-k", "3"],
}


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    return make_place()


@pytest.mark.parametrize("attack", SLOW)
def test_slow_clients_slow_nobody_else(place: Place, attack: str, full: bool) -> None:
    program = shutil.which("slowhttptest")
    assert program, "slowhttptest is missing: apt-get install slowhttptest"
    idle = latency.idle_p99(place)
    sampler = latency.Sampler(place)
    seconds = "20" if full else "3"
    command = [program, *SLOW[attack], "-c", "300", "-r", "100", "-l", seconds, "-p", "3", "-v", "1",
               "-u", f"http://127.0.0.1:{place.port}/metrics"]  # fmt: skip
    with sampler.running():
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    latency.check(f"slow {attack}", sampler, idle)


def test_a_thousand_idle_connections_are_nobody_elses_trouble(place: Place) -> None:
    idle = latency.idle_p99(place)
    before = descriptors(place)
    sampler = latency.Sampler(place)
    with ExitStack() as held, sampler.running():
        for number in range(1000):
            try:
                held.enter_context(socket.create_connection(("127.0.0.1", place.port), 5))
            except OSError as error:
                raise AssertionError(f"connection {number} is not even taken: {error}") from error
        wait_until(lambda: len(sampler.seconds) > 100, 20, "a hundred answers meanwhile")
        most = descriptors(place)
    print(f"descriptors: {before} before, {most} with a thousand connections open")
    assert most < before + 160, "the daemon keeps connections beyond its limit"
    latency.check("a thousand idle connections", sampler, idle)
    wait_until(lambda: descriptors(place) <= before + 8, 20, "the connections are gone")


def test_a_client_that_stops_in_the_middle_is_cut_off(place: Place) -> None:
    requests = [b"", b"GET /metrics HTTP/1.1\r\nHost: local", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"]
    with ExitStack() as held:
        connections = [held.enter_context(place.connect(9)) for _ in requests]
        for connection, request in zip(connections, requests):
            connection.sendall(request)
        for connection in connections:
            while connection.recv(65536):
                pass


def descriptors(place: Place) -> int:
    assert place.process
    return len(list(Path(f"/proc/{place.process.pid}/fd").iterdir()))
