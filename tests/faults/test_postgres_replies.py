"""P14: servers that only look like PostgreSQL, from scripted peers: no real one does such things."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from row import Bench
from scripted import Line


def message(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    return kind + struct.pack("!I", len(body) + 4 if length is None else length) + body


WELCOME = message(b"R", struct.pack("!I", 0)) + message(b"Z", b"I")
COLUMN = b"one\0" + struct.pack("!IhIhih", 0, 0, 25, -1, -1, 0)
ROWS = message(b"1", b"") + message(b"2", b"") + message(b"T", struct.pack("!h", 1) + COLUMN)
ROW = message(b"D", struct.pack("!hI", 1, 1000) + b"x" * 1000)


def garbage(line: Line) -> None:
    line.read()
    line.say(b"\xff\x00\x01\x1b[31mred" * 100)


def huge_error(line: Line) -> None:
    """One that ends nowhere."""
    line.read()
    line.say(message(b"E", b"", length=1 << 30) + b"S")
    line.forever(b"FATAL" * 10_000)


def floods_with_notices(line: Line) -> None:
    line.read()
    line.say(message(b"R", struct.pack("!I", 0)))
    line.forever(message(b"N", b"SNOTICE\0M" + b"x" * 20_000 + b"\0\0"))


def rows_without_end(line: Line) -> None:
    line.read()
    line.say(WELCOME)
    line.read()
    line.say(ROWS)
    line.forever(ROW * 50)


def one_row_of_a_gigabyte(line: Line) -> None:
    line.read()
    line.say(WELCOME)
    line.read()
    line.say(ROWS + message(b"D", struct.pack("!hI", 1, 1 << 30), length=1 << 30))
    line.forever(b"x" * 65536)


def drips(line: Line) -> None:
    line.read()
    line.drip(WELCOME * 100, every=0.05)


@pytest.mark.parametrize(
    ("script", "reasons"),
    [
        (garbage, {"protocol", "reset"}),
        (huge_error, {"protocol", "too_large"}),
        (floods_with_notices, {"protocol", "too_large"}),
        (rows_without_end, {"too_large", "protocol"}),
        (one_row_of_a_gigabyte, {"too_large", "protocol"}),
        (drips, {"timeout"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_p14_something_that_only_looks_like_postgresql(bench: Bench, script: Any, reasons: set[str]) -> None:
    """Memory stays bounded: as in every row."""
    with bench.scripted(script) as server:
        with bench.watch(bench.postgres_probe(server.port, dsn="sslmode=disable")) as watch:
            watch.begun()
            watch.expect("down", reasons)
