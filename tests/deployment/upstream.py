"""What stands behind nginx in the tests: says what it was asked, with headers as a test wants them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Upstream:
    """A web server on a given port that a test can switch off and on."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.release = threading.Event()  # lets go whoever asked for /slow
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        self.release.clear()
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.upstream = self
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.release.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    upstream: Upstream


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    # Each answer ends its connection, so that a stopped server leaves none behind.
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        if self.path.startswith("/slow"):
            self.server.upstream.release.wait(30)
        headers = {"Content-Type": "application/json", "Strict-Transport-Security": "max-age=1"}
        if self.path.startswith("/long-header"):
            headers["Content-Security-Policy"] = "x" * 6000
        body = json.dumps({"path": self.path, "method": self.command, "headers": dict(self.headers.items())}).encode()
        try:
            self._send(200, headers, body)
        except BrokenPipeError:
            pass

    do_POST = do_GET

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass
