"""Free loopback ports that stay ours while their server is down."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from pathlib import Path


def _ephemeral_start() -> int:
    """Where the kernel begins to pick source ports. A killed server's port must not be lent to a passing client."""
    return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


_share = (0, 1)


def take_share(index: int, count: int) -> None:
    """Of `count` processes that look for ports at the same time, this is number `index`: none takes another one's."""
    global _share
    _share = (index, count)


def _range() -> tuple[int, int]:
    first, top = 10000, min(max(_ephemeral_start(), 20000), 60000)
    index, count = _share
    size = (top - first) // count
    return first + index * size, first + (index + 1) * size


def free_ports(names: list[str]) -> dict[str, int]:
    """One port for each name, all of them bound at the same moment so that no two are equal."""
    first, top = _range()
    ports: dict[str, int] = {}
    with ExitStack() as held:
        for name in names:
            for _ in range(200):
                sock = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                port = random.randrange(first, top)
                try:
                    sock.bind(("127.0.0.1", port))
                except OSError:
                    continue
                ports[name] = port
                break
            else:
                raise RuntimeError(f"no free loopback port from {first} to {top} for {name}")
    return ports
