"""What the daemon watches: an HTTP server whose health the test decides, and which writes down the truth."""

from __future__ import annotations

import time

from history import History, Truth
from scripted import Line, Scripted

WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
ILL = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nno DB"
ALERTNAME = "SupersetWebDown"


class Target:
    """Listens on loopback from construction until `close`."""

    def __init__(self, name: str, history: History) -> None:
        self.name = name
        self.alert = f"{ALERTNAME}/{name}"
        self.well = True
        self._history = history
        self._server = Scripted(self._answer)
        history.add(Truth(time.time(), self.alert, True))

    @property
    def probe(self) -> dict[str, object]:
        return {"name": self.name, "kind": "gunicorn", "url": f"http://127.0.0.1:{self._server.port}/health"}

    def turn(self, well: bool) -> None:
        """The truth is written down first where it turns bad: nobody may know of a fault before it was."""
        self._history.add(Truth(time.time(), self.alert, well))
        self.well = well

    def close(self) -> None:
        self._server.close()

    def _answer(self, line: Line) -> None:
        while True:
            line.request()
            line.say(WELL if self.well else ILL)
