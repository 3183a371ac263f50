"""What systemd does for a service of Type=notify: a datagram socket, and an eye on the clock."""

from __future__ import annotations

import os
import socket
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Notice:
    at: float  # monotonic
    fields: dict[str, str]


class Listener(AbstractContextManager["Listener"]):
    """`address` is what NOTIFY_SOCKET says: a path, or a name that begins with @ for an abstract socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.heard: list[Notice] = []

    def __exit__(self, *_: Any) -> None:
        self.socket.close()
        if not self.address.startswith("@"):
            Path(self.address).unlink(missing_ok=True)

    def listen(self, seconds: float) -> Notice | None:
        """The next notice, or None where none comes in time."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            text = self.socket.recv(4096).decode()
        except TimeoutError:
            return None
        notice = Notice(time.monotonic(), dict(line.split("=", 1) for line in text.splitlines()))
        self.heard.append(notice)
        return notice

    def wait_for(self, field: str, seconds: float) -> Notice:
        """The next notice with this field; others before it are heard as well."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            notice = self.listen(left)
            if notice and field in notice.fields:
                return notice
        raise AssertionError(f"{field} did not come within {seconds:g} s; heard {[each.fields for each in self.heard]}")

    def quiet(self, field: str, seconds: float) -> None:
        """Fails if a notice with this field comes within so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            notice = self.listen(left)
            assert not notice or field not in notice.fields, f"{notice} came"


def abstract_name() -> str:
    return f"@superset-healthd-notify-{os.getpid()}-{time.monotonic_ns()}"
