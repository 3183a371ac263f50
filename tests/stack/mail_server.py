"""A mail server without TLS, for suites that count letters. A real one is tests/integration/smtp_server.py's."""

from __future__ import annotations

import socketserver
from threading import Thread
from typing import Any, Callable

Take = Callable[[bytes], bool]  # the letter as it came, dots unstuffed; whether it is accepted


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class SmtpServer:
    """Listens on loopback from construction until `close`."""

    def __init__(self, take: Take) -> None:
        class Handler(socketserver.StreamRequestHandler):
            timeout = 30

            def handle(self) -> None:
                try:
                    _Session(take, self.rfile, self.wfile).run()
                except OSError:
                    """Who hangs up early has said nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def smarthost(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Session:
    """One client, until it quits."""

    def __init__(self, take: Take, lines: Any, out: Any) -> None:
        self._take, self._lines, self._out = take, lines, out
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
                return "250 taken" if self._take(bytes(letter)) else "554 refused"
            letter += line[1:] if line.startswith(b".") else line
        raise OSError("the client is gone")
