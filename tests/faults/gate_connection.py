"""One connection through the gate: two pumps that treat bytes as the gate says at that moment."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from dataclasses import dataclass
from typing import Literal, Mapping

Way = Literal["up", "down"]  # towards the server, towards the client
BOTH: tuple[Way, ...] = ("up", "down")
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Manner:
    """How bytes pass in one direction. Counts begin with the connection, or with the manner where that is later."""

    wait: float = 0  # before each piece
    piece: int = 0  # bytes at once; 0: as they come
    swallow: bool = False
    cut_after: int | None = None
    cut_by: Literal["rst", "fin"] = "rst"
    only_this_way: bool = False  # a cut by FIN that leaves the other direction open
    flip_at: frozenset[int] = frozenset()
    flip_chance: float = 0


class Connection:
    """The sockets of the client and of the server. `spoilt`: it lost or gained bytes."""

    def __init__(self, manners: Mapping[Way, Manner], client: socket.socket, server: socket.socket) -> None:
        self._manners = manners
        self._ends = (client, server)
        self._loop = asyncio.get_running_loop()
        self._counted: dict[Way, tuple[Manner, int]] = {way: (manners[way], 0) for way in BOTH}
        self._deaf = False  # after a cut by FIN nothing passes in either direction
        self._doomed = False
        self.spoilt = False

    async def run(self) -> None:
        """Until both sides have ended, or one has failed, which is an OSError."""
        client, server = self._ends
        both = self._pump(client, server, "up"), self._pump(server, client, "down")
        pumps = [asyncio.ensure_future(pump) for pump in both]
        try:
            await asyncio.gather(*pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    def reset(self) -> None:
        """Wakes the pumps, which end; closing then sends a RST to both sides."""
        self._doomed = True
        for end in self._ends:
            try:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                end.shutdown(socket.SHUT_RD)
            except OSError:
                pass

    async def _pump(self, source: socket.socket, sink: socket.socket, way: Way) -> None:
        """Until the source ends. What is left of a piece is looked at again, for the manner may be another one by then."""
        while data := await self._read(source):
            while data:
                size, cut = await self._forward(data, sink, way)
                data = data[size:]
                if cut:
                    sink.shutdown(socket.SHUT_WR)
                    return await self._drain(source)
        if self._manners[way].swallow:  # a FIN is swallowed as well
            self.spoilt = True
            return
        sink.shutdown(socket.SHUT_WR)

    async def _read(self, source: socket.socket) -> bytes:
        data = await self._loop.sock_recv(source, 65536)
        if self._doomed:
            raise ConnectionResetError
        return data

    async def _drain(self, source: socket.socket) -> None:
        while await self._read(source):
            pass

    async def _forward(self, data: bytes, sink: socket.socket, way: Way) -> tuple[int, bool]:
        """Passes one piece on: how long it was, and whether it was the last one."""
        manner = self._manners[way]
        known, passed = self._counted[way]
        passed = passed if known is manner else 0
        size = min(manner.piece or len(data), len(data))
        if manner.cut_after is not None:
            size = min(size, manner.cut_after - passed)
        if manner.wait or manner.piece:
            await asyncio.sleep(manner.wait)
        if manner.swallow or self._deaf:
            self.spoilt = True
        elif size:
            await self._loop.sock_sendall(sink, self._flipped(data[:size], passed, manner))
        self._counted[way] = (manner, passed + size)
        cut = manner.cut_after is not None and passed + size >= manner.cut_after
        if cut:
            self._cut(manner)
        return size, cut

    def _flipped(self, piece: bytes, passed: int, manner: Manner) -> bytes:
        if not manner.flip_at and not manner.flip_chance:
            return piece
        changed = bytearray(piece)
        for i in range(len(changed)):
            if passed + i in manner.flip_at or random.random() < manner.flip_chance:
                changed[i] ^= 0xFF
                self.spoilt = True
        return bytes(changed)

    def _cut(self, manner: Manner) -> None:
        self.spoilt = True
        self._deaf = not manner.only_this_way
        if manner.cut_by == "rst":
            raise ConnectionResetError
