"""The daemon under test, configured for the stack of a plan."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from pathlib import Path

from .plan import Plan, write_secret
from .server import Server

CONFIGURATION = """\
stack: {stack}
web: {{listen_address: "127.0.0.1:{healthd}", external_url: "{healthd_url}"}}
defaults:
  interval: {interval}
  timeout: {timeout}
  retry_interval: {retry}
  thresholds: {{keep: {keep}, keep_max: {keep_max}}}
probes:
  - name: edge
    kind: nginx
    url: "{edge}/health"
    redirect_url: "http://localhost:{http}/"
    static_url: "{edge}/static/logo.txt"
    stub_status: "http://127.0.0.1:{stub_status}/stub_status"
    tls: {{ca_file: "{ca_file}"}}
  - {{name: app, kind: gunicorn, url: "http://127.0.0.1:{gunicorn}/health"}}
  - name: metadata
    kind: postgres
    dsn: "host=127.0.0.1 port={postgres} dbname=superset user=healthd"
    password_file: "{secrets}/postgres"
  - {{name: broker, kind: redis, url: "redis://127.0.0.1:{redis}/0", password_file: "{secrets}/redis", role: [cache, broker]}}
  - {{name: workers, kind: celery, broker: broker, queues: [celery], expected_workers: 1}}
  - {{name: beat, kind: beat, broker: broker, task: reports.scheduler, every: {every}}}
alerts:
  overrides: {overrides}
receivers:
{receivers}"""


@dataclass(frozen=True)
class Tempo:
    """How fast the daemon looks, and who is told."""

    stack: str
    interval: str
    timeout: str
    retry: str
    keep: str
    keep_max: str
    webhook: bool  # also straight to our receiver, beside Alertmanager
    overrides: str  # of alerts that otherwise wait for minutes or hours


# A person should see an alert fire and resolve within a minute; a test should not wait longer than it must.
DEMO = Tempo("demo", interval="5s", timeout="2s", retry="1s", keep="15s", keep_max="15s", webhook=False,
             overrides="{TlsCertificateExpiringSoon: {for: 10s}}")  # fmt: skip
TEST = Tempo("test", interval="2s", timeout="1s", retry="1s", keep="2s", keep_max="4s", webhook=True, overrides=(
    "{TlsCertificateExpiringSoon: {for: 2s}, PostgresConnectionsHigh: {for: 2s}, RedisBrokerEvictionPolicyUnsafe: {for: 2s}, "
    "CeleryQueueStalled: {threshold: 25, for: 2s}}"))  # fmt: skip


class Healthd(Server):
    """`superset-healthd run` with a configuration written for this stack."""

    name = "healthd"

    def __init__(self, plan: Plan, binary: Path, tempo: Tempo) -> None:
        super().__init__(plan)
        self.binary = binary
        self.tempo = tempo

    @property
    def config_file(self) -> Path:
        return self.room / "config.yaml"

    def prepare(self) -> None:
        secrets = self.plan.folder / "secrets"
        secrets.mkdir(mode=0o700)
        write_secret(secrets / "postgres", self.plan.postgres_password)
        write_secret(secrets / "redis", self.plan.redis_password)
        self.config_file.write_text(self._configuration(secrets))

    def _configuration(self, secrets: Path) -> str:
        plan = self.plan
        return CONFIGURATION.format(
            **plan.ports, **vars(self.tempo), edge=plan.edge_url, healthd_url=plan.healthd_url, ca_file=plan.ca_file,
            secrets=secrets, every=f"{plan.beat_every:g}s", receivers="".join(f"  - {line}\n" for line in self.receivers()),
        )  # fmt: skip

    def receivers(self) -> list[str]:
        """One entry of the list each."""
        found = [f'{{name: oncall, alertmanager: {{urls: ["{self.plan.alertmanager_url}"]}}}}']
        if self.tempo.webhook:
            found.append(f'{{name: hook, webhook: {{url: "{self.plan.receiver_url}/hook"}}}}')
        return found

    def command(self) -> list[str]:
        room = self.room
        return [str(self.binary), "run", f"--config.file={self.config_file}", "--log.format=text", f"--storage.path={room}",
                f"--control.socket={room}/control.sock"]  # fmt: skip

    def ready(self) -> bool:
        """The web server answers; whether all probes have run is `/-/ready`'s business."""
        connection = http.client.HTTPConnection("127.0.0.1", self.plan.ports["healthd"], timeout=2)
        try:
            connection.request("GET", "/-/healthy")
            return connection.getresponse().status == 200
        finally:
            connection.close()
