"""GET over loopback, on a connection that is kept: what Prometheus does when it scrapes."""

from __future__ import annotations

import http.client
from types import TracebackType


class Unexpected(RuntimeError):
    """An answer that says that nothing was measured."""


class Scraper:
    """One client of one exporter."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def __enter__(self) -> Scraper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, path: str, marker: str = "") -> str:
        """The body. Raises Unexpected unless it is a 200 with `marker` in it."""
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read().decode()
        if answer.status != 200 or marker not in body:
            raise Unexpected(f"port {self._port}: {path} answered {answer.status} without {marker!r}")
        return body


def status(port: int, path: str) -> int:
    """Of a single GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
