"""A Debian root whose systemd runs as PID 1 of namespaces of its own, with a network that is nothing but loopback."""

from __future__ import annotations

import http.client
import os
import shlex
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Callable, Iterator, TypeVar

from stack.network import in_network_of
from stack.waiting import wait_until

from debian_root import DebianRoot
from tools import needed

Value = TypeVar("Value")

INSIDE = Path(__file__).resolve().parent / "boot_inside.sh"
NAMESPACES = ("--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup")
OURS = "superset-healthd-boot-"
UNIT = "superset-healthd.service"


def cgroup_tree() -> Path:
    """Where this machine has its cgroup2, alone or beside the older kind."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    trees = [Path(fields[1]) for fields in mounts if fields[2] == "cgroup2"]
    assert trees and os.access(trees[0], os.W_OK), "this machine cannot boot a systemd: it has no cgroup2 to write to"
    return trees[0]


def remove_cgroup(group: Path) -> bool:
    """False while processes are in it."""
    try:
        for folder, _, _ in os.walk(group, topdown=False):
            os.rmdir(folder)
    except OSError:
        return False
    return True


def remove_leftovers(tree: Path) -> None:
    """Of runs that were killed; their processes ended with them."""
    for group in tree.glob(f"{OURS}*"):
        if not Path(f"/proc/{group.name.removeprefix(OURS).partition('.')[0]}").exists():
            remove_cgroup(group)


class Booted:
    """Ends with `close`, or with this process: the kernel kills what runs in there together with its PID 1."""

    def __init__(self, root: DebianRoot, scratch: Path) -> None:
        assert os.getuid() == 0, "to boot a systemd takes root"
        tree = cgroup_tree()
        remove_leftovers(tree)
        scratch.mkdir()
        self._scratch = scratch
        self._group = tree / f"{OURS}{os.getpid()}.{scratch.parent.name}"
        self._group.mkdir()
        enter = f"echo $$ >{shlex.quote(str(self._group / 'cgroup.procs'))} && exec \"$@\""
        self._log = (scratch.parent / "boot.log").open("w+")
        self._unshare = subprocess.Popen(
            [needed("setpriv"), "--pdeathsig", "KILL", "sh", "-c", enter, "sh", needed("unshare"), "--fork", "--kill-child",
             *NAMESPACES, "sh", INSIDE, root.folder, scratch],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            self._wait_for_systemd()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._unshare.kill()
        self._unshare.wait(10)
        self._log.close()
        wait_until(lambda: remove_cgroup(self._group), 10, f"everything in {self._group} has ended")
        self._scratch.rmdir()

    # --- commands in there -------------------------------------------------------------------------------------------

    def run(self, script: str, seconds: float = 60, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`script` by sh -e, with stdout and stderr as one."""
        done = subprocess.run(
            [needed("nsenter"), f"--target={self._init}", *NAMESPACES, "--root", "--wd", "--", "sh", "-ec", script],
            env={"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                 "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_PAGER": ""},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"{script!r} ended with {done.returncode}:\n{done.stdout}\n{self.journal()}")
        return done

    def text(self, script: str) -> str:
        return self.run(script).stdout.strip()

    def show(self, name: str, unit: str = UNIT) -> str:
        """A property, such as ActiveState."""
        return self.text(f"systemctl show --value --property={name} {unit}")

    def journal(self) -> str:
        return self.run(f"journalctl --no-pager -o cat -u {UNIT}", check=False).stdout

    def write(self, path: str, text: str, mode: int = 0o644, group: str = "root") -> None:
        """A file in there, owned by root."""
        folder = shlex.quote(os.path.dirname(path))
        self.run(f"mkdir -p {folder} && printf %s {shlex.quote(text)} >{path}")
        self.run(f"chgrp {group} {path} && chmod {mode:o} {path}")

    def drop_in(self, name: str, lines: str) -> None:
        """Further lines for the section [Service] of our unit."""
        self.write(f"/etc/systemd/system/{UNIT}.d/{name}.conf", f"[Service]\n{lines}\n")
        self.run("systemctl daemon-reload")

    # --- its network -------------------------------------------------------------------------------------------------

    def in_network(self, make: Callable[[], Value]) -> Value:
        return in_network_of(self._init, make)

    def get(self, port: int, path: str) -> str:
        def ask() -> str:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", path)
                answer = connection.getresponse()
                assert answer.status == 200, f"{path}: {answer.status}"
                return answer.read().decode()

        return self.in_network(ask)

    # --- the start ---------------------------------------------------------------------------------------------------

    def _children(self) -> Iterator[int]:
        pid = self._unshare.pid
        try:
            yield from map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        except OSError:
            return

    def _wait_for_systemd(self) -> None:
        def up() -> bool:
            assert self._unshare.poll() is None, f"systemd did not start in {self._scratch}: {self._said()}"
            self._init = next(self._children(), 0)
            comm = Path(f"/proc/{self._init}/comm")
            return self._init != 0 and comm.exists() and comm.read_text() == "systemd\n"

        wait_until(up, 20, "systemd is PID 1 of its namespace")
        wait_until(lambda: self.run("systemctl is-system-running", check=False).stdout.strip() in ("running", "degraded"),
                   30, "systemd has reached multi-user.target", step=0.2)  # fmt: skip
        failed = self.text("systemctl list-units --failed --plain --no-legend")
        assert not failed, f"units of a plain Debian failed in there, so nothing can be said about ours:\n{failed}"

    def _said(self) -> str:
        self._log.seek(0)
        return self._log.read()
