"""The configurations of superset-healthd, as shipped but for addresses and the tempo, and its accounts."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from edge import Edge

MONITOR_PASSWORD = "a-password-of-the-monitor"
PASSWORD_FILES = ("pg.pw", "redis-broker.pw", "redis-cache.pw")


class Monitor:
    """Its files are in the site's folder; the program is a copy there, for other users may not reach the build."""

    def __init__(self, folder: Path, shipped: Path, binary: Path) -> None:
        self.folder = folder
        self.shipped = shipped
        self.binary = folder / "bin" / "superset-healthd"
        self.binary.parent.mkdir()
        shutil.copy(binary, self.binary)

    def grants(self, section: str, probes: tuple[str, ...] = ()) -> str:
        chosen = [word for probe in probes for word in ("--probe", probe)]
        command = [self.binary, "grants", f"--config.file={self.folder}/config.yaml", section, *chosen]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def redis_users(self, probes: tuple[str, ...]) -> str:
        digest = hashlib.sha256(MONITOR_PASSWORD.encode()).hexdigest()
        return re.findall(r"(?m)^# (user healthd .*)$", self.grants("redis", probes))[0].replace("SHA256-of-the-password", digest)

    def write(self, addresses: dict[str, str], ports: dict[str, int], edge: Edge) -> None:
        """The host's, and the one for the health checks of worker and Beat."""
        broker, cache, front = addresses["redis-broker"], addresses["redis-cache"], edge.ports
        shutil.copy(edge.room / "ca" / "ca.pem", self.folder / "ca.pem")
        ca = f'\n    tls: {{ca_file: "{self.folder}/ca.pem"}}'
        self._adapt("config.yaml", {
            "127.0.0.1:9848": f"127.0.0.1:{ports['healthd']}",
            "127.0.0.1:9093": f"127.0.0.1:{ports['alertmanager']}",
            "127.0.0.1:8088": f"127.0.0.1:{front['upstream']}",
            "127.0.0.1:8081": f"127.0.0.1:{front['stub_status']}",
            "host=127.0.0.1 port=5432": f"host={addresses['postgres']} port=5432",
            "redis://127.0.0.1:6379": f"redis://{broker}:6379",
            "redis://127.0.0.1:6380": f"redis://{cache}:6379",
            "https://bi.example.com": f"https://localhost:{front['https']}",
            "http://bi.example.com": f"http://localhost:{front['http']}",
            '/health"\n    redirect_url': f'/health"{ca}\n    redirect_url',
            "interval: 15s\n  timeout: 5s": "interval: 3s\n  timeout: 3s\n  retry_interval: 1s\n  thresholds: {keep: 2s, keep_max: 4s}",
        })  # fmt: skip
        self._adapt("inside.yaml", {
            "redis-broker:6379": f"{broker}:6379",
            "/run/secrets/": f"{self.shipped}/secrets/",
        })  # fmt: skip
        for name in PASSWORD_FILES:
            (self.folder / name).write_text(MONITOR_PASSWORD)
            (self.folder / name).chmod(0o600)

    def _adapt(self, name: str, changes: dict[str, str]) -> None:
        text = (self.shipped / "healthd" / name).read_text()
        for old, new in changes.items():
            assert old in text, f"{name} has no {old!r} any more"
            text = text.replace(old, new)
        (self.folder / name).write_text(text)
