"""A network of our own for one test: nothing outside of it can see or be seen.

The test's thread moves into a new network namespace. Whatever it starts from then on (servers, gates, the daemon, threads) is in
there as well, and its plain HTTP requests reach the daemon. The kernel removes the namespace, with its rules, after the last
process in it: there is no name and no file that could be left behind.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

RULES = """\
table inet faults {
  chain input { type filter hook input priority 0; }
}
"""


def _check(result: int, what: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)} (this test needs root)")


class Network:
    """The inside: loopback is up, nothing is filtered."""

    # Addresses of documentation (RFC 5737, RFC 3849), which exist in here only.
    IPV4 = "198.51.100.1"
    IPV6 = "2001:db8::1"
    OTHER_IPV6 = "2001:db8::2"  # where no server listens
    NO_ROUTE_IPV6 = "2001:db8::3"

    def __init__(self) -> None:
        self._run("ip", "link", "set", "lo", "up")
        self._nft(RULES)

    def both_families(self) -> None:
        """Addresses beyond loopback of either family, without which the system's resolver leaves one out."""
        self._run("ip", "address", "add", f"{self.IPV4}/32", "dev", "lo")
        for address in (self.IPV6, self.OTHER_IPV6):
            self._run("ip", "-6", "address", "add", f"{address}/128", "dev", "lo", "nodad")
        self._run("ip", "-6", "route", "add", "unreachable", f"{self.NO_ROUTE_IPV6}/128")

    def rule(self, text: str) -> None:
        """Adds a rule on what arrives, such as `tcp dport 80 drop`. On what leaves, the sender itself would get an error."""
        self._nft(f"add rule inet faults input {text}\n")

    def swallow(self, *ports: int) -> None:
        """All packets from and to these TCP ports are lost from now on."""
        for way in ("dport", "sport"):
            self.rule(f"tcp {way} {{{', '.join(map(str, ports))}}} drop")

    def clear(self) -> None:
        """No rules any more."""
        self._nft("flush chain inet faults input\n")

    def _nft(self, text: str) -> None:
        self._run("nft", "-f", "-", given=text)

    def _run(self, *command: str, given: str = "") -> None:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        done = subprocess.run(command, input=given, text=True, capture_output=True, timeout=10, env=environment)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} {given}: {done.stderr.strip()}")


@contextmanager
def own_network() -> Iterator[Network]:
    outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc.unshare(CLONE_NEWNET), "unshare")
        try:
            yield Network()
        finally:
            _check(_libc.setns(outside, CLONE_NEWNET), "setns")
    finally:
        os.close(outside)


class Names:
    """Files that a process sees as /etc/hosts and /etc/resolv.conf. Changes count at once, since they are made in place."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            "/etc/hosts": folder / "hosts",
            "/etc/resolv.conf": folder / "resolv.conf",
            "/etc/nsswitch.conf": folder / "nsswitch.conf",
        }
        self.hosts("127.0.0.1 localhost")
        self.server("127.0.0.1")
        self._files["/etc/nsswitch.conf"].write_text("hosts: files dns\n")

    def hosts(self, *lines: str) -> None:
        self._files["/etc/hosts"].write_text("".join(f"{line}\n" for line in lines))

    def server(self, address: str, timeout: int = 1, attempts: int = 1) -> None:
        self._files["/etc/resolv.conf"].write_text(f"nameserver {address}\noptions timeout:{timeout} attempts:{attempts}\n")

    def wrap(self, command: list[str]) -> list[str]:
        """The command in a mount namespace of its own, in which these files lie over the system's."""
        binds = "".join(f'mount --bind "{ours}" {os.path.realpath(theirs)} && ' for theirs, ours in self._files.items())
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{binds}exec "$@"', "sh", *command]
