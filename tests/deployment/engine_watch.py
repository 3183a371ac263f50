"""superset-healthd on the host of the deployment, set up as ops/compose and ops/grants.md say, and somebody who is paged."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
import urllib.request
from pathlib import Path
from typing import Any

from stack.receiver import Receiver
from stack.suite import ROOT
from stack.waiting import TimedOut, wait_until

from engine_stack import HOME, OVERRIDE, SHIPPED, Deployment
from progress import say

ETC = "/etc/superset-healthd"
SYSTEMCTL = Path(__file__).resolve().parent / "host" / "systemctl"
PASSWORD_FILES = ("pg.pw", "redis-broker.pw", "redis-cache.pw")
# A worker with an old kombu, as Debian's, comes back from some restarts of the broker and hears nothing any more. It is
# a fault of its own, with a page of its own, and whoever waits for a sound deployment does what that page says.
DEAF = "CeleryWorkerCatatonic"
# What waits for quarters of an hour in production, and what a slow machine must not turn into a page.
TEMPO = """\
defaults:
  interval: 2s
  timeout: 2s
  retry_interval: 1s
  thresholds: {keep: 2s, keep_max: 4s}
alerts:
  overrides:
    SupersetEdgeSlow: {enabled: false}
    SupersetWebSlow: {enabled: false}
    SupersetEdgeFlapping: {enabled: false}
"""


class Watch:
    """`install` before the deployment starts, for Redis reads its users at its start; `start` afterwards."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.room = deployment.room
        self.receiver = self.room.inside(Receiver)
        self._mended_at = float("-inf")

    def install(self, binary: Path) -> None:
        """The program, its configuration, the passwords, the runbooks' file of names, and the accounts in Redis."""
        links = self.room.folder / "bin"
        (links / "superset-healthd").symlink_to(binary)
        (links / "systemctl").symlink_to(SYSTEMCTL)
        (links / "redis-cli").symlink_to("/usr/bin/redis-cli")
        self.room.do(["mkdir", "-p", ETC])
        self.write("config.yaml", self._configuration())
        for name in PASSWORD_FILES:
            self.write(name, secrets.token_urlsafe(18) + "\n", "640")
        self.write("env.sh", env_sh())
        self.room.do(["superset-healthd", "check-config"])
        for probes, name, file in ((("broker", "workers", "beat"), "broker", PASSWORD_FILES[1]), (("cache",), "cache", PASSWORD_FILES[2])):
            self.room.do(["tee", "-a", f"{HOME}/redis/{name}.conf"], given="\n" + self._redis_user(probes, file) + "\n")

    def write(self, name: str, text: str, mode: str = "644") -> None:
        self.room.do(["tee", f"{ETC}/{name}"], given=text)
        self.room.do(["chmod", mode, f"{ETC}/{name}"])

    def _configuration(self) -> str:
        """The shipped one, with a quicker tempo and our own receiver."""
        text = (SHIPPED / "healthd" / "config.yaml").read_text()
        text = re.sub(r"(?ms)^defaults:\n(  .*?\n)+", TEMPO, text)
        text = text[: text.index("\nreceivers:")]
        return text + f'\nreceivers:\n  - {{name: oncall, webhook: {{url: "{self.receiver.url}/hook"}}}}\n'

    def _redis_user(self, probes: tuple[str, ...], file: str) -> str:
        """The line for redis.conf that `grants` prints as a comment, with the hash in its place."""
        chosen = [word for probe in probes for word in ("--probe", probe)]
        printed = self.room.do(["superset-healthd", "grants", "redis", *chosen])
        digest = hashlib.sha256(self.room.do(["cat", f"{ETC}/{file}"]).strip().encode()).hexdigest()
        return re.findall(r"(?m)^# (user healthd .*)$", printed)[0].replace("SHA256-of-the-password", digest)

    def start(self) -> None:
        """Makes the role in PostgreSQL, then starts the daemon."""
        printed = self.room.do(["superset-healthd", "grants", "postgres"])
        psql = ["exec", "-T", "postgres", "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "superset", "-d", "superset"]
        self.deployment.compose(*psql, given=printed)
        password = self.room.do(["cat", f"{ETC}/pg.pw"]).strip()
        self.deployment.compose(*psql, given=f"alter role healthd password '{password}';\n")
        self.room.do(["systemctl", "start", "superset-healthd"])
        wait_until(lambda: self.get("/-/healthy"), 20, "the daemon answers")

    def get(self, path: str) -> bytes:
        """Empty while nobody answers."""

        def ask() -> bytes:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:9848{path}", timeout=5) as answer:
                    return answer.read()
            except OSError:
                return b""

        return self.room.inside(ask)

    def probes(self) -> dict[str, str]:
        """The state of each, and its reason where it has one."""
        status: dict[str, Any] = json.loads(self.get("/api/v1/status") or b'{"probes": []}')
        return {probe["name"]: f"{probe['state']} {probe['reason']}".removesuffix(" none") for probe in status["probes"]}

    def firing(self) -> set[str]:
        """Names of the alerts that fire now."""
        return {each["labels"]["alertname"] for each in json.loads(self.get("/api/v1/alerts") or b"[]") if each["state"] == "firing"}

    def _mend_deaf_worker(self) -> None:
        if DEAF not in self.firing() or time.monotonic() < self._mended_at + 60:
            return
        self.deployment.compose("restart", "--timeout", "5", "worker")
        self._mended_at = time.monotonic()
        say(f"{DEAF}: the worker was restarted")

    def wait_healthy(self) -> None:
        """For the containers' own checks; quicker than `wait_all_up`, which waits for Beat's next tick."""

        def unwell() -> dict[str, str]:
            self._mend_deaf_worker()
            return self.deployment.unwell()

        wait_until(lambda: not unwell(), 180, f"every service healthy; now {unwell()}", step=0.5)

    def wait_all_up(self, seconds: float) -> None:
        def not_up() -> dict[str, str]:
            self._mend_deaf_worker()
            probes = self.probes() or {"the daemon": "does not answer"}
            return {name: state for name, state in probes.items() if state != "up"}

        try:
            wait_until(lambda: not not_up(), seconds, "every probe is up", step=0.5)
        except TimedOut as late:
            raise TimedOut(f"{late}; not up: {not_up()}") from None

    def told(self, status: str, since: float) -> set[str]:
        """Names of the alerts that the receiver was told since then."""
        return {
            alert["labels"]["alertname"]
            for message in list(self.receiver.messages)
            if message.at >= since
            for alert in message.body.get("alerts", [])
            if alert["status"] == status
        }


def env_sh() -> str:
    """The shipped file, for this site: a second Compose file, and how it renews its certificate."""
    text = (ROOT / "ops" / "runbooks" / "env.sh").read_text()
    override = f"{HOME}/docker-compose.override.yml"
    assert OVERRIDE.exists()
    text = text.replace(f"{HOME}/docker-compose.yml", f"{HOME}/docker-compose.yml:{override}")
    return re.sub(r"renew_certificate\(\) \{.*\}", f"renew_certificate() {{ cp {HOME}/renewed.pem {HOME}/nginx/tls/fullchain.pem; }}", text)
