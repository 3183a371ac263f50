"""The suite's own tools: a fault that is not there, or a harm that is not seen, would make every row a lie."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest

import invariants
from gate import Gate
from row import Bench
from scripted import Line, Scripted

ANSWER = bytes(range(200))


def answering(line: Line) -> None:
    """After each word, the same answer."""
    while True:
        line.read_until(b"word")
        line.say(ANSWER)


@pytest.fixture
def gate() -> Gate:
    with Scripted(answering) as server, Gate(server.port) as gate:
        yield gate


def ask(gate: Gate, timeout: float = 0.3) -> tuple[bytes, str]:
    """What one connection gets in answer to a word, and how it ended: `open`, `fin` or `rst`."""
    got = b""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=1) as connection:
        connection.sendall(b"word")
        connection.settimeout(timeout)
        try:
            while len(got) < len(ANSWER):
                more = connection.recv(65536)
                if not more:
                    return got, "fin"
                got += more
            return got, "open"
        except TimeoutError:
            return got, "open"
        except ConnectionResetError:
            return got, "rst"


def test_the_gate_passes_on(gate: Gate) -> None:
    assert ask(gate) == (ANSWER, "open")
    gate.split()
    assert ask(gate, 2) == (ANSWER, "open")


def test_the_gate_cuts(gate: Gate) -> None:
    gate.cut(50, by="rst")
    assert ask(gate)[1] == "rst"
    gate.cut(50, by="fin")
    assert ask(gate) == (ANSWER[:50], "fin")
    gate.half_close(0)
    assert ask(gate) == (b"", "fin")


def test_the_gate_spoils(gate: Gate) -> None:
    gate.corrupt(at=[3])
    assert ask(gate)[0] == ANSWER[:3] + bytes([ANSWER[3] ^ 0xFF]) + ANSWER[4:]
    gate.swallow()
    assert ask(gate) == (b"", "open")


def test_the_gate_slows_down(gate: Gate) -> None:
    gate.delay(0.1, "up")
    began = time.monotonic()
    assert ask(gate, 2) == (ANSWER, "open")
    assert time.monotonic() - began >= 0.1
    gate.limit(1000, "down")
    began = time.monotonic()
    assert ask(gate, 2) == (ANSWER, "open")
    assert time.monotonic() - began >= 0.15
    gate.drip(every=0.02, piece=10)
    assert len(ask(gate, 0.5)[0]) > 10


def test_the_gate_closes_and_opens(gate: Gate) -> None:
    gate.stop_accepting(full=False)
    assert ask(gate) == (b"", "open")
    gate.stop_accepting(full=True)
    with pytest.raises(TimeoutError):
        ask(gate)
    gate.refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(gate)
    gate.pass_on()
    assert ask(gate) == (ANSWER, "open")


def test_a_manner_counts_for_connections_that_stand(gate: Gate) -> None:
    with socket.create_connection(("127.0.0.1", gate.port), timeout=1) as connection:
        connection.sendall(b"word")
        assert connection.recv(65536)
        gate.cut(0, by="rst")
        connection.sendall(b"word")
        with pytest.raises(ConnectionResetError):
            connection.recv(65536)


def test_harm_is_seen(bench: Bench) -> None:
    gate = bench.gate(bench.web)
    with bench.watch(bench.http_probe(gate.port)) as watch:
        watch.healthy()
        gate.refuse()
        watch.expect("down", "connect_refused")
        with pytest.raises(AssertionError, match="not in time"):
            watch.expect("down", "reset", within=0.5)
        true, controls = watch.baseline, watch.controls
        watch.controls = ["target"]
        with pytest.raises(AssertionError, match="nothing to do with the fault"):
            invariants.check_others(watch, watch.metrics())
        watch.controls = controls
        watch.baseline = replace(true, descriptors=true.descriptors - 8)
        with pytest.raises(AssertionError, match="descriptors"):
            invariants.check_nothing_leaked(watch)
        watch.baseline = true
        gate.pass_on()
        watch.recovers()
