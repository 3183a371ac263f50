"""What a stack is made of, before anything runs: plain data that another terminal can read back."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .ports import free_ports

PORT_NAMES = ["https", "http", "stub_status", "gunicorn", "postgres", "redis", "alertmanager", "receiver", "healthd"]


@dataclass
class Plan:
    """The folder, the ports and the tempo of one stack."""

    folder: Path
    ports: dict[str, int]
    beat_every: float = 60
    group_wait: str = "5s"
    group_interval: str = "5s"
    slowest_answer: float = 0  # of the application: each takes up to so long, in seconds
    postgres_password: str = field(default_factory=lambda: secrets.token_hex(12))
    redis_password: str = field(default_factory=lambda: secrets.token_hex(12))

    @staticmethod
    def make(folder: Path, **options: object) -> Plan:
        """A plan with free ports in an existing folder."""
        return Plan(folder=folder, ports=free_ports(PORT_NAMES), **options)  # type: ignore[arg-type]

    def room(self, name: str) -> Path:
        """The folder of one server, made when it is first asked for."""
        path = self.folder / name
        path.mkdir(mode=0o755, exist_ok=True)
        return path

    @property
    def broker_url(self) -> str:
        """For Celery, which takes the password in the URL."""
        secret = f":{self.redis_password}@" if self.redis_password else ""
        return f"redis://{secret}127.0.0.1:{self.ports['redis']}/0"

    @property
    def edge_url(self) -> str:
        return f"https://localhost:{self.ports['https']}"

    @property
    def alertmanager_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['alertmanager']}"

    @property
    def healthd_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['healthd']}"

    @property
    def receiver_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['receiver']}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "tls" / "ca.pem"

    def to_json(self) -> dict[str, object]:
        return asdict(self) | {"folder": str(self.folder)}

    @staticmethod
    def from_json(data: dict[str, object]) -> Plan:
        return Plan(**(data | {"folder": Path(str(data["folder"]))}))  # type: ignore[arg-type]


def write_secret(path: Path, text: str) -> Path:
    """Readable by us alone."""
    path.touch(mode=0o600)
    path.write_text(text + "\n")
    return path


def read_json(path: Path) -> dict[str, object]:
    return json.loads(path.read_text())
