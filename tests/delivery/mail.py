"""An SMTP server that takes every letter and writes down what it says."""

from __future__ import annotations

import socketserver
import threading
import time
from email import message_from_bytes, policy
from typing import Any

import formats
from history import History, Message


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class MailPeer:
    """An SMTP server without TLS that takes every letter."""

    def __init__(self, name: str, history: History) -> None:
        self.name = name
        self.bugs: list[BaseException] = []
        self.letters: list[Any] = []
        self._history = history
        self._server = _Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def smarthost(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, raw: bytes) -> None:
        now = time.time()
        mail = message_from_bytes(raw, policy=policy.default)
        said = formats.letter(mail)  # type: ignore[arg-type]
        self.letters.append(mail)
        for news in said.news:
            self._history.add(
                Message(self.name, news.alert, news.state, now, 250, now, None, None, said.key, said.batch, news.note)
            )

    def _handler(peer) -> type[socketserver.StreamRequestHandler]:  # noqa: N805
        class Handler(socketserver.StreamRequestHandler):
            timeout = 30

            def handle(self) -> None:
                try:
                    self._converse()
                except OSError:
                    """Who hangs up early has said nothing."""

            def _converse(self) -> None:
                self._say("220 peer ESMTP")
                while line := self.rfile.readline(2048):
                    word = line[:4].upper().strip()
                    if word == b"DATA":
                        self._data()
                    elif word == b"QUIT":
                        return self._say("221 bye")
                    else:
                        self._say("250 ok")

            def _data(self) -> None:
                self._say("354 go on")
                letter = bytearray()
                while line := self.rfile.readline(100_000):
                    if line == b".\r\n":
                        try:
                            peer._take(bytes(letter))
                        except BaseException as bug:  # noqa: BLE001
                            peer.bugs.append(bug)
                        return self._say("250 taken")
                    letter += line[1:] if line.startswith(b".") else line
                raise ConnectionError

            def _say(self, text: str) -> None:
                self.wfile.write(text.encode() + b"\r\n")

        return Handler
