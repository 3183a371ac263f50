"""The application server: gunicorn with a small WSGI application."""

from __future__ import annotations

import http.client
from pathlib import Path

from .server import Server


class Gunicorn(Server):
    """Two workers, as a small Superset has them."""

    name = "gunicorn"

    def prepare(self) -> None:
        """The application is copied, so that a checkout in a private home can be served by anybody."""
        source = Path(__file__).with_name("application.py")
        (self.room / "application.py").write_text(source.read_text())

    def command(self) -> list[str]:
        return [
            "/usr/bin/python3", "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{self.plan.ports['gunicorn']}",
            "--worker-tmp-dir", str(self.room), "--graceful-timeout", "2", "--timeout", "60", "application:application",
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        dsn = f"host=127.0.0.1 port={self.plan.ports['postgres']} dbname=superset user=superset connect_timeout=2"
        return {
            "SUPERSET_DSN": dsn,
            "PGPASSWORD": self.plan.postgres_password,
            "SLOWEST_ANSWER": str(self.plan.slowest_answer),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.room),
        }

    def ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.plan.ports["gunicorn"], timeout=2)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        finally:
            connection.close()
