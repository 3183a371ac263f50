"""A receiver that speaks HTTP: validates each message as the real one does, and remembers what it was told."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Iterator

from told import Told


class Refused(Exception):
    """The published format says otherwise; the message says where."""


def want(holds: bool, complaint: str) -> None:
    if not holds:
        raise Refused(complaint)


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class Peer:
    """Listens on loopback from construction until `close`. What it had to refuse stands in `complaints`."""

    name = ""
    path = "/"
    accepted = (200, "ok")

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.bodies: list[Any] = []
        self.complaints: list[str] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{self.path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def read(self, body: Any) -> Iterator[Told]:
        """What it says; raises Refused where the format is not kept."""
        raise NotImplementedError

    def take(self, path: str, kind: str, raw: bytes) -> tuple[int, str]:
        """Status and body of the answer."""
        try:
            want(path == self.path, f"the path {path}")
            want(kind.partition(";")[0].strip() == "application/json", f"the content type {kind}")
            body = json.loads(raw)
            news = list(self.read(body))
        except (Refused, ValueError, KeyError, TypeError) as error:
            with self._lock:
                self.complaints.append(f"{self.name}: {error!r} in {raw[:2000]!r}")
            return 400, "invalid"
        with self._lock:
            self.bodies.append(body)
            self.told += news
        return self.accepted

    def _handler(peer) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status, text = peer.take(self.path, self.headers.get("Content-Type", ""), raw)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                """Quiet: what was told is kept."""

        return Handler
