"""Free loopback ports that stay ours while their server is down."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from pathlib import Path


def _ephemeral_start() -> int:
    """Where the kernel begins to pick source ports. A killed server's port must not be lent to a passing client."""
    return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


def free_ports(names: list[str]) -> dict[str, int]:
    """One port for each name, all of them bound at the same moment so that no two are equal."""
    top = min(max(_ephemeral_start(), 20000), 60000)
    ports: dict[str, int] = {}
    with ExitStack() as held:
        for name in names:
            for _ in range(200):
                sock = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                port = random.randrange(10000, top)
                try:
                    sock.bind(("127.0.0.1", port))
                except OSError:
                    continue
                ports[name] = port
                break
            else:
                raise RuntimeError(f"no free loopback port below {top} for {name}")
    return ports
