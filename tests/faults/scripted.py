"""A server that does what a script says: for everything that a real server cannot be brought to do.

A script is a function of one connection; it runs on a thread of its own for each. When it returns, the connection is closed.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
from typing import Callable

MOST_CONNECTIONS = 64


class Closing(Exception):
    """The peer stops, or the client has gone: the script ends here."""


class Line:
    """One connection, as a script sees it."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self.socket = connection
        self._stopping = stopping
        self._unread = b""

    def read(self) -> bytes:
        """What has arrived; empty when the client has closed."""
        data, self._unread = self._unread, b""
        return data or self.socket.recv(65536)

    def read_until(self, marker: bytes) -> bytes:
        """Up to and with the marker."""
        data = b""
        while marker not in data:
            more = self.read()
            if not more:
                raise Closing
            data += more
        end = data.index(marker) + len(marker)
        self._unread = data[end:]
        return data[:end]

    def request(self) -> bytes:
        """The head of an HTTP request."""
        return self.read_until(b"\r\n\r\n")

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def drip(self, data: bytes, every: float, piece: int = 1) -> None:
        for start in range(0, len(data), piece):
            self.say(data[start : start + piece])
            self.pause(every)

    def forever(self, data: bytes, every: float = 0) -> None:
        """Until the client goes."""
        while True:
            self.say(data)
            self.pause(every)

    def pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Closing

    def hold(self) -> None:
        """Says nothing more, until the client closes."""
        while True:
            readable, _, _ = select.select([self.socket], [], [], 0.05)
            if self._stopping.is_set() or (readable and not self.read()):
                raise Closing

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """The client gets a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Closing


Script = Callable[[Line], None]


def silent(line: Line) -> None:
    line.hold()


def http(status: str = "200 OK", body: bytes = b"OK", headers: str = "") -> Script:
    """Answers each request of a connection alike."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode()

    def script(line: Line) -> None:
        while True:
            line.request()
            line.say(head + body)

    return script


def http_raw(answer: bytes) -> Script:
    """These bytes after a request, then the end."""

    def script(line: Line) -> None:
        line.request()
        line.say(answer)

    return script


class Scripted:
    """Listens on loopback from construction until `close`. `behave` counts for new connections."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self._script = script
        self._tls = tls
        self._stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self.accepted = 0
        self.bugs: list[BaseException] = []  # of scripts: a row that misbehaves by accident must not pass
        self._listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._listener.settimeout(0.1)
        self._acceptor = threading.Thread(target=self._accept, name="scripted", daemon=True)
        self._acceptor.start()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def behave(self, script: Script) -> None:
        self._script = script

    def close(self) -> None:
        self._stopping.set()
        self._acceptor.join(5)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        for thread in self._threads:
            thread.join(5)
        if self.bugs:
            raise self.bugs[0]

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            if len(self._threads) >= MOST_CONNECTIONS:
                connection.close()
                continue
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(connection, self._script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, script: Script) -> None:
        connection.settimeout(30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with self._lock:
                self._open.add(connection)
            script(Line(connection, self._stopping))
        except (OSError, Closing):
            pass  # the client has had enough, or the test has
        except BaseException as bug:  # noqa: BLE001
            self.bugs.append(bug)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
