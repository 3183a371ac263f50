"""The fixtures of the tests that boot: a Debian root with a systemd, the package in it, a small configuration."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Iterator

import pytest

from booted import Booted
from debian_root import DebianRoot

CONFIG = "/etc/superset-healthd/config.yaml"
GROUP = "superset-healthd"
# What there is to watch; no name server: names come from /etc/hosts, or from nobody.
SERVERS = ("redis-server", "nginx-light", "postgresql", "systemd", "systemd-sysv")
HOSTS = "127.0.0.1 localhost\n"
SMALL = """stack: booted
defaults: {interval: 1s, timeout: 500ms}
probes:
  - {name: broker, kind: redis, url: "redis://127.0.0.1:6379/0", role: broker}
  - {name: app, kind: gunicorn, url: "http://127.0.0.1:8088/health"}
"""
NO_START = "#!/bin/sh\nexit 101\n"


@pytest.fixture(scope="session")
def bootable(package: Path, newer: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebianRoot]:
    """With a systemd, the servers and what the package depends on; the packages lie in /root."""
    root = DebianRoot.fresh(tmp_path_factory.mktemp("bootable") / "root")
    policy = root.folder / "usr/sbin/policy-rc.d"
    policy.write_text(NO_START)
    policy.chmod(0o755)
    root.satisfy(package, *SERVERS)
    policy.unlink()
    (root.folder / "etc/hosts").write_text(HOSTS)
    (root.folder / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
    (root.folder / "etc/systemd/system/console-getty.service").symlink_to("/dev/null")  # there is no console
    shutil.copy(package, root.folder / "root/ours.deb")
    shutil.copy(newer, root.folder / "root/newer.deb")
    yield root
    root.close()


@pytest.fixture
def bare(bootable: DebianRoot, tmp_path: Path) -> Iterator[Booted]:
    host = Booted(bootable, tmp_path / "scratch")
    yield host
    host.close()


@pytest.fixture
def installed(bare: Booted) -> Booted:
    bare.run("dpkg -i /root/ours.deb")
    return bare


@pytest.fixture
def running(installed: Booted) -> Booted:
    configure(installed, SMALL)
    installed.run("systemctl enable --now superset-healthd")
    return installed


def configure(host: Booted, text: str) -> None:
    host.write(CONFIG, text, 0o640, GROUP)
