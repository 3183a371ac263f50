"""A name server for one name, which a test can make wrong in every way."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass

A, AAAA = 1, 28
SERVFAIL, NXDOMAIN = 2, 3


@dataclass(frozen=True)
class Says:
    """What is said to each question. No address and no error is an empty answer, as of a name that has other records only."""

    address: str = ""
    error: int = 0
    silent: bool = False


class NameServer:
    """Answers UDP on port 53, from construction until `close`; so it needs a network of its own."""

    def __init__(self, says: Says, address: str = "127.0.0.1") -> None:
        self.says = says
        self.asked = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self._socket.settimeout(0.1)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="names", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(5)
        self._socket.close()

    def __enter__(self) -> NameServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                question, sender = self._socket.recvfrom(1500)
            except TimeoutError:
                continue
            self.asked += 1
            if not self.says.silent:
                self._socket.sendto(answer(question, self.says), sender)


def answer(question: bytes, says: Says) -> bytes:
    """RFC 1035: the head with our flags, the question again, and one record that points at the question's name."""
    end = question.index(b"\0", 12) + 5
    kind = struct.unpack("!H", question[end - 4 : end - 2])[0]
    record = b""
    if says.address and not says.error and kind == A:
        record = struct.pack("!HHHIH", 0xC00C, A, 1, 0, 4) + socket.inet_aton(says.address)
    flags = 0x8180 | says.error
    return question[:2] + struct.pack("!HHHHH", flags, 1, 1 if record else 0, 0, 0) + question[12:end] + record
