"""Which connections a process has, as the kernel sees it."""

from __future__ import annotations

import os
from pathlib import Path


def local_ports(pid: int, remote_port: int) -> set[int]:
    """Local ports of the TCP (IPv4) connections that `pid` holds to `remote_port`."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except FileNotFoundError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            sockets.add(target[len("socket:[") : -1])
    found = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[9] in sockets and int(fields[2].partition(":")[2], 16) == remote_port:
            found.add(int(fields[1].partition(":")[2], 16))
    return found
