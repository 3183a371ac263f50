"""A TCP gate between a client and a server on loopback, whose manners a test changes while connections stand.

It forwards bytes and knows nothing of protocols, so it fits in front of nginx, gunicorn, PostgreSQL and Redis alike.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any, Coroutine, Iterable, Literal

from gate_connection import BOTH, Connection, Manner, Way

MOST_CONNECTIONS = 256


class Gate:
    """Listens from construction until `close`; everything runs on one thread of its own."""

    def __init__(self, upstream: int, host: str = "127.0.0.1", listen: str = "127.0.0.1") -> None:
        self.upstream = (host, upstream)
        self.manners: dict[Way, Manner] = {"up": Manner(), "down": Manner()}
        self.accepted = 0
        self._open: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fillers: list[socket.socket] = []
        self._listener: socket.socket | None = _listener((listen, 0))
        self._address: tuple[str, int] = self._listener.getsockname()[:2]
        self._accepting: asyncio.Task[None] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gate", daemon=True)
        self._thread.start()
        self._do(self._start())

    @property
    def port(self) -> int:
        return self._address[1]

    @property
    def open(self) -> int:
        """Connections that stand now."""
        return len(self._open)

    # --- manners: each replaces the one before in its direction -------------------------------------------------

    def pass_on(self) -> None:
        """As if there were no gate. Connections that lost or gained bytes are reset: they can never be right again."""
        self._do(self._pass_on())

    def delay(self, seconds: float, *ways: Way) -> None:
        """Before each piece that arrives."""
        self.behave(Manner(wait=seconds), *ways)

    def drip(self, every: float, piece: int = 1, way: Way = "down") -> None:
        self.behave(Manner(wait=every, piece=piece), way)

    def split(self, piece: int = 1) -> None:
        """At full speed, but in many small segments, in both directions."""
        self.behave(Manner(piece=piece))

    def limit(self, bytes_per_second: int, *ways: Way) -> None:
        piece = max(bytes_per_second // 50, 1)
        self.behave(Manner(wait=piece / bytes_per_second, piece=piece), *ways)

    def corrupt(self, at: Iterable[int] = (), chance: float = 0, way: Way = "down") -> None:
        """Flips all bits of the bytes at these places, and of others by chance."""
        self.behave(Manner(flip_at=frozenset(at), flip_chance=chance), way)

    def cut(self, after: int = 0, by: Literal["rst", "fin"] = "rst", way: Way = "down") -> None:
        """Ends a connection when so many bytes have passed."""
        self.behave(Manner(cut_after=after, cut_by=by), way)

    def half_close(self, after: int = 0, way: Way = "down") -> None:
        """A FIN when so many bytes have passed; the other direction goes on."""
        self.behave(Manner(cut_after=after, cut_by="fin", only_this_way=True), way)

    def swallow(self, *ways: Way) -> None:
        """Accepts, takes every byte, forwards none; standing connections as well."""
        self.behave(Manner(swallow=True), *ways)

    def behave(self, manner: Manner, *ways: Way) -> None:
        self._do(self._set(manner, ways or BOTH))

    # --- the listener ------------------------------------------------------------------------------------------

    def refuse(self) -> None:
        """The port is closed, and what stands is reset."""
        self._do(self._refuse())

    def stop_accepting(self, full: bool = True) -> None:
        """Nobody takes connections from the kernel any more. `full`: the backlog is full, so that none is accepted at all."""
        self._do(self._stop_accepting(full))

    def reset_all(self) -> None:
        """Resets what stands; new connections pass."""
        self._do(self._reset_all())

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self._do(self._refuse())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- on the gate's thread ------------------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Returns when it is done, so that the next line of a test can rely on it."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        assert self._listener is not None
        self._accepting = self._loop.create_task(self._accept(self._listener))

    async def _set(self, manner: Manner, ways: Iterable[Way]) -> None:
        for way in ways:
            self.manners[way] = manner

    async def _pass_on(self) -> None:
        await self._set(Manner(), BOTH)
        for connection in [each for each in self._open if each.spoilt]:
            connection.reset()
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        if self._listener is None:
            self._listener = _listener(self._address)
        self._listener.listen(128)
        if self._accepting is None:
            await self._start()

    async def _refuse(self) -> None:
        await self._stop_accepting(full=False)
        if self._listener:
            self._listener.close()
            self._listener = None
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        await self._reset_all()

    async def _stop_accepting(self, full: bool) -> None:
        if self._accepting:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
            self._accepting = None
        if full:
            assert self._listener is not None
            self._listener.listen(0)
            await self._fill_backlog()

    async def _fill_backlog(self) -> None:
        """Connects until the kernel does not answer any more."""
        for _ in range(16):
            filler = socket.socket()
            filler.setblocking(False)
            self._fillers.append(filler)
            try:
                await asyncio.wait_for(self._loop.sock_connect(filler, self._address), 0.1)
            except asyncio.TimeoutError:
                return
        raise RuntimeError("the backlog never fills")

    async def _reset_all(self) -> None:
        for connection in list(self._open):
            connection.reset()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            client, _ = await self._loop.sock_accept(listener)
            if len(self._open) >= MOST_CONNECTIONS:
                client.close()
                continue
            self.accepted += 1
            task = self._loop.create_task(self._serve(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: socket.socket) -> None:
        server = socket.socket()
        for end in (client, server):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(self.manners, client, server)
        self._open.add(connection)
        try:
            await self._loop.sock_connect(server, self.upstream)
            await connection.run()
        except OSError:  # one side is gone: so shall be the other
            connection.reset()
        finally:
            self._open.discard(connection)
            client.close()
            server.close()


def _listener(address: tuple[str, int]) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setblocking(False)
    listener.bind(address)
    listener.listen(128)
    return listener
