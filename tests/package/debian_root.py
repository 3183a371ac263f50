"""A fresh Debian of this machine's release in a folder of its own, in which packages are installed and removed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from tools import ROOT, needed

CACHE = ROOT / "build" / "package-root"
# In namespaces of its own: whatever runs in there ends with the command, and no mount is left behind.
ENTER = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-c")
INSIDE = 'mount -t proc proc "$0/proc" && mount --bind "$1" "$0/var/cache/apt/archives" && exec chroot "$0" sh -exc "$2"'

# Stands in for systemd, of which maintainer scripts see nothing but this.
SYSTEMCTL = """#!/bin/sh
while :; do case "$1" in -*) shift ;; *) break ;; esac; done
action=$1
shift
[ "$1" = -- ] && shift
echo "$action${1:+ $1}" >>/run/systemctl.log
case "$action" in
  is-active) [ -e "/run/active.$1" ] ;;
  is-enabled) if [ -L "/etc/systemd/system/multi-user.target.wants/$1" ]; then echo enabled; else echo disabled && exit 1; fi ;;
  enable | preset) ln -s "/lib/systemd/system/$1" "/etc/systemd/system/multi-user.target.wants/$1" ;;
  disable) rm "/etc/systemd/system/multi-user.target.wants/$1" ;;
  start | restart) touch "/run/active.$1" ;;
  stop) rm -f "/run/active.$1" ;;
esac
"""


def release() -> str:
    """Such as bookworm: a package is for the Debian that it was built on."""
    rows = (line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return dict(rows)["VERSION_CODENAME"].strip('"')


def mirror(suite: str) -> str:
    """Where this machine's apt gets that release from."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(CODENAME) $(SITE)", "Identifier: Packages"],
        capture_output=True, text=True, check=True, timeout=20,
    ).stdout  # fmt: skip
    sites = [line.split()[1] for line in listed.splitlines() if line.startswith(f"{suite} ")]
    assert sites, f"apt of this machine has no source for {suite}; add one under /etc/apt/sources.list.d"
    return sites[0]


def archive() -> Path:
    """The root as debootstrap leaves it, made once and kept in build/."""
    suite = release()
    file = CACHE / f"{suite}.tar"
    if file.exists():
        return file
    CACHE.mkdir(parents=True, exist_ok=True)
    work = CACHE / f"{suite}.new"
    shutil.rmtree(work, ignore_errors=True)
    command = [needed("debootstrap"), "--variant=minbase", suite, work, mirror(suite)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"debootstrap failed:\n{done.stdout[-3000:]}{done.stderr}"
    subprocess.run(["tar", "-C", work, "-cf", f"{file}.new", "."], check=True, timeout=300)
    shutil.rmtree(work)
    Path(f"{file}.new").rename(file)
    return file


class DebianRoot:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def fresh(cls, folder: Path) -> DebianRoot:
        assert os.getuid() == 0, "a root of its own needs root"
        folder.mkdir()
        subprocess.run(["tar", "-C", folder, "-xf", archive()], check=True, timeout=300)
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
        return cls(folder)

    def copy(self, folder: Path) -> DebianRoot:
        """By links, in a moment: dpkg and its kind put a new file in the place of the old one."""
        subprocess.run(["cp", "-al", self.folder, folder], check=True, timeout=300)
        return DebianRoot(folder)

    def close(self) -> None:
        shutil.rmtree(self.folder)

    def run(self, script: str, seconds: float = 120, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`script` by sh -ex in there, with stdout and stderr as one."""
        archives = CACHE / "archives"
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        done = subprocess.run(
            [*ENTER, INSIDE, self.folder, archives, script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds,
            env={"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                 "DEBIAN_FRONTEND": "noninteractive", **proxies},
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{script!r} ended with {done.returncode}:\n{done.stdout}"
        return done

    def satisfy(self, package: Path, *more: str) -> None:
        """Installs what the package depends on, and `more`, from the mirror."""
        depends = subprocess.run(["dpkg-deb", "-f", package, "Depends"], capture_output=True, text=True, check=True).stdout
        keep = "-o Dpkg::Use-Pty=0 -o APT::Keep-Downloaded-Packages=true --no-install-recommends"
        self.run(f"apt-get update -q && apt-get satisfy -yq {keep} {shlex.join([depends.strip(), *more])}", 600)

    def apt(self, action: str, what: Path | str, *options: str) -> str:
        """Installs a .deb, or removes or purges a package."""
        if isinstance(what, Path):
            shutil.copy(what, self.folder / "root")
            what = f"/root/{what.name}"
        flags = shlex.join(["-yq", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0", *options])
        try:
            return self.run(f"apt-get {action} {flags} {what}").stdout
        finally:
            for left in (self.folder / "root").glob("*.deb"):
                left.unlink()

    # --- a systemd that only remembers -------------------------------------------------------------------------------

    def pretend_systemd(self) -> None:
        (self.folder / "run/systemd/system").mkdir(parents=True)
        (self.folder / "etc/systemd/system/multi-user.target.wants").mkdir(parents=True, exist_ok=True)
        program = self.folder / "usr/bin/systemctl"
        program.write_text(SYSTEMCTL)
        program.chmod(0o755)

    def asked(self) -> list[str]:
        """What the unit was asked to do since the last call: start, stop, restart."""
        log = self.folder / "run/systemctl.log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line.split()[0] for line in lines if line.split()[0] in ("start", "stop", "restart")]

    def set_running(self, running: bool) -> None:
        file = self.folder / "run/active.superset-healthd.service"
        file.touch() if running else file.unlink(missing_ok=True)

    def enabled(self) -> bool:
        return (self.folder / "etc/systemd/system/multi-user.target.wants/superset-healthd.service").is_symlink()
