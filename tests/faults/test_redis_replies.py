"""Answers that no Redis would give, by a scripted peer (R10 in the list of faults)."""

from __future__ import annotations

import pytest

from row import Bench
from scripted import Line, Script


def once(answer: bytes) -> Script:
    """These bytes after the first request, then silence."""

    def script(line: Line) -> None:
        line.read()
        line.say(answer)
        line.hold()

    return script


def then_end(answer: bytes) -> Script:
    def script(line: Line) -> None:
        line.read()
        line.say(answer)

    return script


def endless(head: bytes, more: bytes) -> Script:
    def script(line: Line) -> None:
        line.read()
        line.say(head)
        line.forever(more)

    return script


def drip(line: Line) -> None:
    line.read()
    line.drip(b"+OK\r\n+OK\r\n+PONG\r\n$1000\r\n" + b"x" * 1000, every=0.05)


def echo(line: Line) -> None:
    """An error that repeats what it was sent: the password, too."""
    line.say(b"-ERR I do not know " + line.read().replace(b"\r\n", b" ") + b"\r\n+OK\r\n")
    line.hold()


def echo_later(line: Line) -> None:
    """Likewise, in the answer to PING."""
    heard = line.read().replace(b"\r\n", b" ")
    line.say(b"+OK\r\n+OK\r\n-ERR what was " + heard + b"\r\n+none\r\n")
    line.hold()


OK = b"+OK\r\n+OK\r\n+PONG\r\n"  # to AUTH, CLIENT SETNAME and PING; INFO is open
PAGE = b"x" * 65536
ROWS: dict[str, tuple[Script, str, str]] = {
    "a huge list": (once(OK + b"*100000000\r\n"), "down", "too_large"),
    "a list as long as an int": (once(OK + b"*2147483647\r\n"), "down", "too_large"),
    "a huge text": (endless(OK + b"$536870912\r\n", PAGE), "down", "too_large"),
    "a line without an end": (endless(OK + b"+", PAGE), "down", "too_large"),
    "lists within lists": (endless(OK, b"*1\r\n" * 1000), "down", "protocol"),
    "a count below none": (once(OK + b"*-2\r\n"), "down", "protocol"),
    "a number beyond any": (once(OK + b":99999999999999999999\r\n"), "down", "protocol"),
    "a map of the next protocol": (once(OK + b"%1\r\n+a\r\n+b\r\n"), "down", "protocol"),
    "another PONG": (once(b"+OK\r\n+OK\r\n+GNOP\r\n$2\r\nno\r\n"), "down", "protocol"),
    "INFO that is nothing": (once(OK + b"$-1\r\n"), "degraded", "protocol"),
    "INFO that is empty": (once(OK + b"$0\r\n\r\n"), "degraded", "protocol"),
    "noise": (endless(b"", bytes(range(128, 256)) * 8), "down", "protocol"),
    "a web server": (once(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "down", "protocol"),
    "cut within an answer": (then_end(OK + b"$100\r\nred"), "down", "reset"),
    "closed without a word": (then_end(b""), "down", "reset"),
    "silent within an answer": (once(OK + b"$100\r\nred"), "down", "timeout"),
    "a drip": (drip, "down", "timeout"),
    "protected mode": (then_end(b"-DENIED Redis is running in protected mode\r\n"), "unknown", "permission"),
    "the password in an error": (echo, "unknown", "auth"),
    "the password in a later error": (echo_later, "down", "query_error"),
}


@pytest.mark.parametrize("name", ROWS)
def test_r10(bench: Bench, name: str) -> None:
    script, status, reason = ROWS[name]
    peer = bench.scripted(script)
    with bench.watch(bench.redis_probe(peer.port)) as watch:
        watch.begun()
        watch.expect(status, reason)
