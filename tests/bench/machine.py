"""Where and with what the figures were made."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from peers import PEERS

SERVERS = ("nginx", "nginx-light", "redis-server", "postgresql-15", "postgresql-17", "libssl3", "libssl3t64",
           "python3-celery", "python3-kombu", "python3-redis")  # fmt: skip


def describe(binary: Path) -> dict[str, object]:
    packages = [peer.package for peer in PEERS] + list(SERVERS)
    found = {package: version for package in packages if (version := _version(package))}
    said = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _cpu_model(),
        "kernel": platform.release(),
        "load": os.getloadavg()[0],
        "superset-healthd": " ".join(said.split()),
        "packages": found,
    }


def lines(facts: dict[str, object]) -> list[str]:
    packages = facts["packages"]
    assert isinstance(packages, dict)
    return [
        f"machine: {facts['cores']} cores of {facts['cpu']}, Linux {facts['kernel']}, load {facts['load']:.1f} before",
        f"daemon: {facts['superset-healthd']}",
        "packages: " + ", ".join(f"{name} {version}" for name, version in packages.items()),
    ]


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _version(package: str) -> str:
    """Empty where it is not installed."""
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return asked.stdout if asked.returncode == 0 else ""
