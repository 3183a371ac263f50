"""The deployment of ops/compose, running: unpacked, configured and started as its README says, in an engine of our own."""

from __future__ import annotations

import json
import re
import resource
import shutil
from datetime import timedelta
from pathlib import Path

from stack.certificates import Authority
from stack.suite import ROOT

from engine_docker import Engine
from engine_image import IMAGE, TAG, build_image

SHIPPED = ROOT / "ops" / "compose"
OVERRIDE = Path(__file__).resolve().parent / "engine_override.yaml"
HOME = Path("/opt/superset")  # where the runbooks look, inside
SERVER_NAME = "bi.example.com"
COMPOSE = ("docker", "compose", "--project-directory", str(HOME))
SERVICES = ("nginx", "superset", "worker", "beat", "postgres", "redis-broker", "redis-cache")
# Ours instead of what would be pulled, and what a small machine can give. All else is .env.example as it is.
SETTINGS = {
    "NGINX_IMAGE": f"{IMAGE}:{TAG}", "POSTGRES_IMAGE": f"{IMAGE}:{TAG}", "REDIS_IMAGE": f"{IMAGE}:{TAG}",
    "SUPERSET_IMAGE": IMAGE, "SUPERSET_VERSION": TAG, "GUNICORN_WORKERS": "1", "CELERY_CONCURRENCY": "1",
    "NGINX_CPUS": "1", "SUPERSET_CPUS": "1", "INIT_CPUS": "1", "WORKER_CPUS": "1", "POSTGRES_CPUS": "1",
}  # fmt: skip


class Deployment:
    """`folder` is the site's copy; the containers of project `superset` come from it."""

    def __init__(self, engine: Engine, binary: Path) -> None:
        self.engine = engine
        self.room = engine.room
        self.folder = self.room.folder / "opt" / HOME.name
        build_image(engine)
        self._unpack(binary)

    def _unpack(self, binary: Path) -> None:
        """Written through the room, for /opt is the room's own."""
        site = self.room.folder / "site"
        shutil.copytree(SHIPPED, site, ignore=shutil.ignore_patterns("secrets", ".env", "__pycache__"))
        settings = (site / ".env.example").read_text()
        for name, value in SETTINGS.items():
            settings, found = re.subn(rf"(?m)^{name}=.*$", f"{name}={value}", settings)
            assert found == 1, f"{name} is not in .env.example"
        files = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        (site / ".env").write_text(f"{settings}HEALTHD_BINARY={binary}\nOPEN_FILES={files}\n")
        shutil.copy(OVERRIDE, site / "docker-compose.override.yml")
        self.room.do(["cp", "-a", str(site), str(HOME)])
        self.site = site
        for script in ("make-secrets", "make-env"):
            self.room.do([f"{HOME}/{script}"])
        self.authority = Authority(self.room.folder / "tls", SERVER_NAME)
        self.authority.create()
        self.certify(timedelta(days=80))
        # Users trust the authority of their site.
        self.room.do(["tee", "-a", "/etc/ssl/certs/ca-certificates.crt"], given=(self.authority.folder / "ca.pem").read_text())
        self.room.do(["tee", "-a", "/etc/hosts"], given=f"127.0.0.1 {SERVER_NAME}\n")

    def certify(self, expires_in: timedelta) -> None:
        """Puts a new certificate where nginx reads it; nginx keeps the old one until it is told."""
        self.authority.issue(expires_in)
        tls = f"{HOME}/nginx/tls"
        self.room.do(["cp", f"{self.authority.folder}/server.pem", f"{tls}/fullchain.pem"])
        self.room.do(["cp", f"{self.authority.folder}/server.key", f"{tls}/privkey.pem"])

    def compose(self, *words: str, seconds: float = 180, given: str = "") -> str:
        return self.room.do([*COMPOSE, *words], seconds, given)

    def run(self, *words: str) -> str:
        """What it says, whether it succeeds or not."""
        return self.room.run([*COMPOSE, *words]).stdout

    def up(self) -> None:
        self.compose("up", "--detach", "--wait", "--quiet-pull", seconds=240)

    def health(self) -> dict[str, str]:
        """Of each service: its health where it has a check, else its state."""
        rows = [json.loads(line) for line in self.compose("ps", "--all", "--format", "json").splitlines()]
        return {row["Service"]: row["Health"] or row["State"] for row in rows}

    def unwell(self) -> dict[str, str]:
        """The services that are not healthy, and what they are."""
        health = self.health()
        return {name: health.get(name, "missing") for name in SERVICES if health.get(name) != "healthy"}

    def recover(self) -> None:
        """After a failure: everything anew, with what is on the disk."""
        self.room.run([*COMPOSE, "unpause"])
        self.room.run([*COMPOSE, "up", "--detach", "--wait", "--force-recreate"], 240)

    def sql(self, text: str) -> str:
        return self.compose("exec", "-T", "postgres", "psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-U", "superset",
                            "-d", "superset", "-c", text)  # fmt: skip

    def redis(self, *words: str, service: str = "redis-broker") -> str:
        return self.compose("exec", "-T", service, "redis-cli", *words).strip()

    def down(self) -> None:
        self.compose("down", "--volumes", "--timeout", "5", seconds=120)

    def report(self) -> str:
        """For a failure: who is unwell, and the last lines of each log."""
        run = self.room.run
        checks = ["docker", "inspect", "--format", "{{.Name}} {{json .State.Health}}"]
        ids = run([*COMPOSE, "ps", "--all", "--quiet"]).stdout.split()
        return run([*COMPOSE, "ps", "--all"]).stdout + run([*checks, *ids]).stdout + run([*COMPOSE, "logs", "--tail", "12"]).stdout
