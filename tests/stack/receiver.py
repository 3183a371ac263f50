"""A webhook receiver that remembers what it was told, and can be slow or refuse."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable


@dataclass
class Message:
    """One POST. `answered` is None until our answer was written completely."""

    path: str
    body: Any
    at: float = field(default_factory=time.monotonic)
    answered: int | None = None


@dataclass
class Manners:
    """How the receiver treats the next messages: wait, then refuse the first few with a 503."""

    delay: float = 0
    refusals: int = 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is no news; its message stays unanswered."""


class Receiver:
    """Listens on loopback from construction until `close`."""

    def __init__(self, port: int = 0, on_message: Callable[[Message], None] | None = None) -> None:
        self.messages: list[Message] = []
        self.manners = Manners()
        self._on_message = on_message
        self._server = _Server(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def alerts(self, path: str, alertname: str, status: str, since: float = 0) -> list[dict[str, Any]]:
        """The alerts of that name and status in accepted messages on `path` after the moment `since`."""
        return [
            alert
            for message in list(self.messages)
            if message.path == path and message.at >= since and message.answered == 200
            for alert in message.body.get("alerts", [])
            if alert["labels"].get("alertname") == alertname and alert["status"] == status
        ]

    def _answer(self, message: Message) -> int:
        self.messages.append(message)
        manners = self.manners
        if manners.delay:
            time.sleep(manners.delay)
        if manners.refusals > 0:
            manners.refusals -= 1
            return 503
        if self._on_message:
            self._on_message(message)
        return 200

    def _handler(receiver) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                message = Message(self.path, json.loads(self.rfile.read(length) or b"null"))
                status = receiver._answer(message)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                self.wfile.flush()
                message.answered = status

            def log_message(self, *_: Any) -> None:
                """Quiet: the messages are kept, and a test prints what it misses."""

        return Handler
