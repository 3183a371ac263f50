"""A mail server that takes every letter, without TLS, and is strict about the lines on the wire (RFC 5321, RFC 5322)."""

from __future__ import annotations

import socketserver
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Lock, Thread
from typing import Any

from peer import Refused, want
from told import Told, from_words

LONGEST_LINE = 998
MUST_HAVE = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class MailServer:
    """Listens on loopback from construction until `close`."""

    name = "mail"

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.letters: list[EmailMessage] = []
        self.complaints: list[str] = []
        self._lock = Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def smarthost(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, raw: bytes) -> bool:
        """The letter as it came, dots unstuffed."""
        try:
            check_lines(raw)
            letter = message_from_bytes(raw, policy=policy.default)
            assert isinstance(letter, EmailMessage)
            check_head(letter)
            news = list(from_words(self.name, str(letter["Subject"]), text_of(letter)))
        except (Refused, ValueError, KeyError, LookupError) as error:
            with self._lock:
                self.complaints.append(f"{self.name}: {error!r} in {raw[:2000]!r}")
            return False
        with self._lock:
            self.letters.append(letter)
            self.told += news
        return True

    def _handler(peer) -> type[socketserver.StreamRequestHandler]:  # noqa: N805
        class Handler(socketserver.StreamRequestHandler):
            timeout = 30

            def handle(self) -> None:
                try:
                    Session(peer, self.rfile, self.wfile).run()
                except OSError:
                    """Who hangs up early has said nothing."""

        return Handler


class Session:
    """One client, until it quits."""

    def __init__(self, peer: MailServer, lines: Any, out: Any) -> None:
        self._peer, self._lines, self._out = peer, lines, out
        self._sender = False
        self._recipients = 0

    def run(self) -> None:
        self._say("220 peer ESMTP")
        while line := self._lines.readline(2048):
            word = line[:4].upper().strip().decode(errors="replace")
            if word == "QUIT":
                self._say("221 bye")
                return
            answer = getattr(self, f"_{word.lower()}", None)
            self._say(answer(line) if answer else "502 unknown")

    def _say(self, text: str) -> None:
        self._out.write(text.encode() + b"\r\n")
        self._out.flush()

    def _ehlo(self, _: bytes) -> str:
        return "250-peer\r\n250 SIZE 1000000"

    def _helo(self, _: bytes) -> str:
        return "250 peer"

    def _mail(self, line: bytes) -> str:
        self._sender = b"<" in line
        self._recipients = 0
        return "250 ok" if self._sender else "501 no address"

    def _rcpt(self, line: bytes) -> str:
        if not self._sender or b"@" not in line:
            return "503 bad sequence"
        self._recipients += 1
        return "250 ok"

    def _noop(self, _: bytes) -> str:
        return "250 ok"

    def _rset(self, _: bytes) -> str:
        self._sender, self._recipients = False, 0
        return "250 ok"

    def _data(self, _: bytes) -> str:
        if not self._recipients:
            return "503 nobody to send it to"
        self._say("354 go on")
        letter = bytearray()
        while line := self._lines.readline(100_000):
            if line == b".\r\n":
                return "250 taken" if self._peer.take(bytes(letter)) else "554 refused"
            letter += line[1:] if line.startswith(b".") else line
        raise OSError("the client is gone")


def check_lines(raw: bytes) -> None:
    want(raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r"), "a bare CR or LF")
    want(all(len(line) <= LONGEST_LINE for line in raw.split(b"\r\n")), "a line too long")
    want(raw.isascii() and b"\0" not in raw, "a byte that is not for a server without 8BITMIME")


def check_head(letter: EmailMessage) -> None:
    want(not letter.defects, f"{letter.defects}")
    for name in MUST_HAVE:
        want(len(letter.get_all(name, [])) == 1, f"exactly one {name}")


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    want(body is not None, "a body for people")
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
