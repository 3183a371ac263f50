"""The shipped deployment with the real Superset, without containers: commands and environments are those of docker-compose.yml.

What a container would give is put in its place: paths, addresses, the user. Each change names the text that it expects.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from stack.ports import free_ports
from stack.server import run_as
from stack.waiting import wait_until

from front import SupersetEdge, give
from monitor import MONITOR_PASSWORD, PASSWORD_FILES, Monitor
from servers import USER, Part, free_addresses, make_postgres, make_redis, psql
from shipped import copy_shipped

from linting.deployment import Deployment

# Processes enough to see that they share what they have to share, and few enough for a small machine.
SETTINGS = {"SUPERSET_UID": "", "GUNICORN_WORKERS": "2", "CELERY_CONCURRENCY": "2"}


class Site:
    """Runs from `start_data` until `close`."""

    def __init__(self, folder: Path, superset: Path, binary: Path) -> None:
        self.folder = folder
        self.packages = superset
        self.addresses = free_addresses()
        self.ports = free_ports(["healthd", "alertmanager"])
        self.parts: dict[str, Part] = {}
        self.shipped = copy_shipped(folder / "superset")
        self.monitor = Monitor(folder, self.shipped, binary)
        self._configure()
        self.deployment = Deployment(self.shipped)
        self.edge = SupersetEdge(self.shipped, self.room("edge"))

    def room(self, name: str) -> Path:
        """A folder that belongs to Superset's user."""
        path = self.folder / name
        if not path.exists():
            path.mkdir(mode=0o755)
            give(path)
        return path

    def _configure(self) -> None:
        uid = str(run_as(USER).get("user", self.folder.stat().st_uid))
        text = (self.shipped / ".env.example").read_text()
        for name, value in (SETTINGS | {"SUPERSET_UID": uid}).items():
            text, count = re.subn(rf"(?m)^{name}=.*$", f"{name}={value}", text)
            assert count == 1, f"{name} is not in .env.example"
        (self.shipped / ".env").write_text(text)
        subprocess.run([self.shipped / "make-secrets"], check=True, capture_output=True)
        give(self.shipped / "secrets")

    def secret(self, name: str) -> str:
        return (self.shipped / "secrets" / name).read_text().strip()

    # --- what Compose would do ---

    def command(self, service: str, **changes: str) -> list[str]:
        """The words of docker-compose.yml; each of `changes` is an option whose value is another one here."""
        words = [word.text for word in self.deployment.items(service, "command")]
        for name, value in changes.items():
            option = f"--{name}="
            assert any(word.startswith(option) for word in words), f"{service} has no {option} any more"
            words = [option + value if word.startswith(option) else word for word in words]
        return words

    def environment(self, service: str) -> dict[str, str]:
        found = {name: value.text for name, value in self.deployment.environment(service).items()}
        # What the image sets, and where things are here.
        return found | {
            "PATH": f"{self.packages}/bin:{self.monitor.binary.parent}:/usr/bin:/bin",
            "FLASK_APP": "superset.app:create_app()",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(self.shipped / "superset"),
            "SUPERSET_HOME": str(self.room("superset_home")),
            "SECRETS_DIR": str(self.shipped / "secrets"),
            "POSTGRES_HOST": self.addresses["postgres"],
            "REDIS_BROKER_HOST": self.addresses["redis-broker"],
            "REDIS_CACHE_HOST": self.addresses["redis-cache"],
            "HEALTHD_CONFIG": str(self.folder / "inside.yaml"),
        }

    def part(self, service: str, command: list[str], **environment: str) -> Part:
        nice = ["/usr/bin/nice", "-n", "19"]
        made = Part(service, self.room(service), nice + command, self.environment(service) | environment)
        self.parts[service] = made
        return made

    # --- data ---

    def start_data(self) -> None:
        self.monitor.write(self.addresses, self.ports, self.edge)
        words = [word.text for word in self.deployment.items("postgres", "command")]
        initdb = self.deployment.environment("postgres")["POSTGRES_INITDB_ARGS"].text.split()
        room, secrets = self.room("postgres"), self.shipped / "secrets"
        address = self.addresses["postgres"]
        self.parts["postgres"] = make_postgres(room, address, words, initdb, secrets / "postgres_password")
        for name, probes in {"redis-broker": ("broker", "workers", "beat"), "redis-cache": ("cache",)}.items():
            secret = secrets / f"{name.replace('-', '_')}_password"
            users = self.monitor.redis_users(probes)
            self.parts[name] = make_redis(name, self.room(name), self.addresses[name], self.shipped / "redis", secret, users)

    def psql(self, statements: str) -> str:
        return psql(self.room("postgres"), statements)

    def redis(self, name: str, *words: str) -> str:
        environment = {
            "PATH": "/usr/bin:/bin", "REDIS_PASSWORD_FILE": str(self.shipped / "secrets" / f"{name.replace('-', '_')}_password")
        }  # fmt: skip
        command = [self.shipped / "redis" / "redis-cli", "-h", self.addresses[name], *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    # --- the monitor ---

    def check(self, name: str) -> subprocess.CompletedProcess[str]:
        """The health check of a container, with its environment."""
        command = [str(self.shipped / "healthd" / f"check-{name}")]
        return subprocess.run(
            command, env=self.parts[name].environment, capture_output=True, text=True, **run_as(USER),  # type: ignore[call-overload]
        )  # fmt: skip

    # --- Superset ---

    def initialise(self) -> Part:
        """superset-init, to its end."""
        text = (self.shipped / "superset" / "init.sh").read_text()
        changes = {
            "/app/make_admin.py": f"{self.shipped}/superset/make_admin.py",
            "/app/superset/static/.": f"{self.static}/.",
            "/srv/superset/static/": f"{self.edge.room}/srv/static/",
        }
        for old, new in changes.items():
            assert old in text, f"init.sh has no {old!r} any more"
            text = text.replace(old, new)
        script = self.folder / "init.sh"
        script.write_text(text)
        part = self.parts.get("superset-init") or self.part("superset-init", ["/bin/bash", str(script)])
        part.start()
        part.wait_for("init: done", 240)
        return part

    @property
    def static(self) -> Path:
        return next(self.packages.glob("lib/python3*/site-packages/superset/static"))

    def start_all(self) -> None:
        """Everything after superset-init, at once; until Superset answers through nginx."""
        # In production they are made after the first start as well: the tables' sequences are among them.
        psql(self.room("postgres"), self.monitor.grants("postgres"))
        psql(self.room("postgres"), f"ALTER ROLE healthd PASSWORD '{MONITOR_PASSWORD}'")
        self.edge.start()
        web, worker, beat = self.start_web(), self.start_worker(), self.start_beat()
        self.start_healthd()
        worker.wait_for(" ready.", 120)
        beat.wait_for("beat: Starting", 60)
        wait_until(lambda: self.edge.ask("/login/", seconds=60).status == 200, 120, f"the login page\n{web.said()[-2000:]}")

    def start_web(self) -> Part:
        part = self.part("superset", self.command("superset", bind=f"127.0.0.1:{self.edge.ports['upstream']}"))
        part.start()
        return part

    def start_worker(self) -> Part:
        part = self.part("worker", self.command("worker"))
        part.start()
        return part

    def start_beat(self) -> Part:
        room = self.room("beat")
        command = self.command("beat", pidfile=f"{room}/celerybeat.pid", schedule=f"{room}/celerybeat-schedule")
        part = self.part("beat", command, BEAT_TICK_FILE=str(room / "celerybeat.tick"))
        part.start()
        return part

    def start_healthd(self) -> Part:
        room = self.room("healthd")
        command = [str(self.monitor.binary), "run", f"--config.file={self.folder}/config.yaml", f"--storage.path={room}",
                   f"--control.socket={room}/control.sock"]  # fmt: skip
        part = self.part("healthd", command)
        for name in ("config.yaml", *PASSWORD_FILES):
            give(self.folder / name)
        part.start()
        return part

    def close(self) -> None:
        for part in reversed(list(self.parts.values())):
            part.stop()
        self.edge.stop()
