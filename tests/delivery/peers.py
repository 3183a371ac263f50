"""Receivers that misbehave as they are told, and write down what they heard."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Iterator

from formats import Reader, Said
from history import Forgot, History, Message, Trouble
from stack.ports import free_ports
from stack.waiting import wait_until

# Every way in which a receiver can be bad for a while.
TROUBLES = ("refuses", "is_busy", "hangs", "resets", "is_away")


@dataclass
class Heard:
    """One request, in full."""

    at: float
    path: str
    headers: dict[str, str]
    body: Any
    answer: int | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is no news."""


class Peer:
    """Listens on one port from construction until `close`, with pauses where it is away."""

    def __init__(self, name: str, history: History, read: Reader, path: str = "/hook", success: int = 200) -> None:
        self.name = name
        self.path = path
        self.heard: list[Heard] = []
        self.bugs: list[BaseException] = []  # of ours, or a message that nobody can read
        self.uptime = "2026-01-01T00:00:00Z"
        self._history, self._read, self._success = history, read, success
        self._port = free_ports([name])[name]
        self._manner = ""
        self._over = threading.Event()  # the manner that hanging requests wait for
        self._server: _Server | None = None
        self._open: set[socket.socket] = set()
        self._come()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        return self.base + self.path

    @property
    def manner(self) -> str:
        return self._manner

    def behave(self, manner: str) -> None:
        """One of TROUBLES, or "" for well."""
        before, self._manner = self._manner, manner
        if manner == "is_away" != before:
            self._go()
        if before == "is_away" != manner:
            self._come()
        self._over.set()
        self._over = threading.Event()

    @contextmanager
    def trouble(self, manner: str) -> Iterator[None]:
        since = time.time()
        self.behave(manner)
        try:
            yield
        finally:
            self.behave("")
            self._history.add(Trouble(self.name, since, time.time()))

    def forget(self) -> None:
        """As after a restart: the next one to ask sees another uptime."""
        self.uptime = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._history.add(Forgot(self.name, time.time()))

    def close(self) -> None:
        self._over.set()
        if self._server:
            self._go()

    def accepted(self) -> list[Any]:
        return [each.body for each in list(self.heard) if each.answer == self._success]

    # --- the server ---------------------------------------------------------------------------------------------

    def _come(self) -> None:
        def bind() -> _Server | None:
            try:
                return _Server(("127.0.0.1", self._port), self._handler())
            except OSError:
                return None  # the port is being given back

        self._server = wait_until(bind, 5, f"port {self._port} is ours again")
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def _go(self) -> None:
        assert self._server
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _take(self, request: BaseHTTPRequestHandler, heard: Heard) -> None:
        """Reads it, answers as the manner is, and writes it down with what the sender can know of it."""
        said = self._read(heard.headers, heard.body)
        manner, over = self._manner, self._over
        if manner == "hangs":
            over.wait(30)
        if manner in ("refuses", "is_busy", ""):
            answer = {"refuses": 500, "is_busy": 429, "": self._success}[manner]
            heard.answer = self._say(request, answer, b"ok")
        else:
            request.connection.shutdown(socket.SHUT_RDWR)
        self._write_down(heard, said)
        if manner in ("hangs", "resets", "is_away"):
            raise ConnectionError

    def _say(self, request: BaseHTTPRequestHandler, status: int, body: bytes) -> int | None:
        try:
            request.send_response(status)
            if status == 429:
                request.send_header("Retry-After", "1")
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)
            request.wfile.flush()
            return status
        except OSError:
            return None

    def _write_down(self, heard: Heard, said: Said) -> None:
        now = time.time()
        self.heard.append(heard)
        for news in said.news:
            what = (news.began, news.ended, said.key, said.batch, news.note)
            self._history.add(Message(self.name, news.alert, news.state, heard.at, heard.answer, now, *what))

    def _handler(peer) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                peer._open.add(self.connection)

            def finish(self) -> None:
                peer._open.discard(self.connection)
                super().finish()

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                heard = Heard(time.time(), self.path, dict(self.headers), None)
                try:
                    heard.body = json.loads(raw) if raw else None
                    peer._take(self, heard)
                except OSError:
                    raise
                except BaseException as bug:  # noqa: BLE001
                    peer.bugs.append(bug)
                    peer._say(self, 400, repr(bug).encode())

            def do_GET(self) -> None:
                """Alertmanager is asked for how long it has been up."""
                status = 200 if peer._manner == "" else 500
                about = {"uptime": peer.uptime, "versionInfo": {}, "cluster": {"status": "disabled"}}
                peer._say(self, status, json.dumps(about).encode())

            def log_message(self, *_: Any) -> None:
                """Quiet: what was told is kept."""

        return Handler
