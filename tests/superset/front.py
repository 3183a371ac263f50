"""nginx with the shipped files before gunicorn, and who owns what Superset's user reads and writes."""

from __future__ import annotations

import shutil
from pathlib import Path

from stack.processes import Process
from stack.server import run_as

from edge import Edge
from servers import USER


class SupersetEdge(Edge):
    """nginx before gunicorn, not before the upstream of the other tests."""

    _process: Process | None = None

    def __init__(self, folder: Path, room: Path) -> None:
        super().__init__(folder, room)
        give(room / "srv" / "static")

    def start(self) -> None:
        self._launch()

    def stop(self) -> None:
        if self._process:
            super().stop()


def give(path: Path) -> None:
    """To Superset's user; nothing to do where we are not root."""
    if who := run_as(USER):
        shutil.chown(path, who["user"], who["group"])  # type: ignore[call-overload]
