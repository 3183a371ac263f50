"""Compose v2 as users have it: Debian 13's package `docker-compose`, unpacked, not installed.

Debian 12 has Compose 1.29 only. The package needs nothing but a C library as old as Debian 12's, so it runs there as well. It is
fetched once, from the site that this machine's apt uses already, and kept below build/.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from stack.suite import ROOT

from engine_room import CannotRun

CACHE = ROOT / "build" / "docker-compose"
PLUGIN = Path("usr/libexec/docker/cli-plugins/docker-compose")
INSTALLED = [Path(f"/usr/{folder}/docker/cli-plugins/docker-compose") for folder in ("libexec", "lib", "local/lib", "local/libexec")]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# `!reset` in an override file, and `--wait` for a service that ends.
LEAST = (2, 24)


def compose_plugin() -> Path:
    """The plugin's file: the machine's own where it is new enough, else the unpacked one."""
    for file in [*INSTALLED, CACHE / PLUGIN]:
        if file.exists() and _version(file) >= LEAST:
            return file
    _fetch()
    if not (CACHE / PLUGIN).exists():
        raise CannotRun("Debian's package docker-compose does not hold the plugin")
    return CACHE / PLUGIN


def _version(plugin: Path) -> tuple[int, ...]:
    said = subprocess.run([plugin, "version", "--short"], capture_output=True, text=True).stdout.strip()
    return tuple(int(part) for part in said.lstrip("v").split("-")[0].split(".")[:2] if part.isdigit())


def _fetch() -> None:
    """With an apt state of its own, which knows trixie; the machine's own lists and sources stay as they are."""
    with tempfile.TemporaryDirectory(prefix="superset-healthd-apt-") as name:
        folder = Path(name)
        (folder / "lists" / "partial").mkdir(parents=True)
        (folder / "archives" / "partial").mkdir(parents=True)
        (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {_site()} trixie main\n")
        options = [f"Dir::Etc::SourceList={folder}/sources.list", "Dir::Etc::SourceParts=-", f"Dir::State::Lists={folder}/lists",
                   f"Dir::Cache={folder}", "Acquire::Languages=none", "APT::Sandbox::User=root"]  # fmt: skip
        apt = ["apt-get", "-q", *(word for option in options for word in ("-o", option))]
        _run([*apt, "update"], folder)
        _run([*apt, "download", "docker-compose"], folder)
        packages = list(folder.glob("docker-compose_*.deb"))
        _run(["dpkg", "-x", str(packages[0]), str(folder / "unpacked")], folder)
        CACHE.parent.mkdir(exist_ok=True)
        shutil.rmtree(CACHE, ignore_errors=True)
        shutil.copytree(folder / "unpacked", CACHE, symlinks=True)


def _site() -> str:
    """Where this machine's apt finds Debian's main archive: of its entries for a release, not for updates or security."""
    if not shutil.which("apt-get"):
        raise CannotRun("Compose v2 is missing, and there is no apt to fetch it")
    said = _run(["apt-get", "indextargets", "--format", "$(CODENAME) $(SITE) $(COMPONENT)", "Identifier: Packages"], Path("/"))
    for line in said.splitlines():
        codename, site, component = line.split()
        if codename in ("bookworm", "trixie", "forky") and component == "main":
            return site
    raise CannotRun("Compose v2 is missing, and apt has no source of Debian to fetch it from")


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if done.returncode != 0:
        raise CannotRun(f"Compose v2 could not be fetched: {command[0]} {command[-1]}: {done.stderr.strip()[-300:]}")
    return done.stdout
