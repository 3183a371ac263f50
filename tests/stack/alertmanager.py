"""The real Alertmanager, routing everything to one webhook."""

from __future__ import annotations

import http.client

from .server import Server

SETTINGS = """\
route:
  receiver: hook
  group_by: ['...']
  group_wait: {group_wait}
  group_interval: {group_interval}
  repeat_interval: 4h
receivers:
  - name: hook
    webhook_configs:
      - url: {receiver}/alertmanager
        send_resolved: true
"""


class Alertmanager(Server):
    """Without a cluster, so that it opens no port beyond loopback."""

    name = "alertmanager"

    def prepare(self) -> None:
        text = SETTINGS.format(
            group_wait=self.plan.group_wait, group_interval=self.plan.group_interval, receiver=self.plan.receiver_url
        )
        (self.room / "alertmanager.yml").write_text(text)

    def command(self) -> list[str]:
        return [
            "/usr/bin/prometheus-alertmanager", f"--config.file={self.room}/alertmanager.yml",
            f"--storage.path={self.room}/data", f"--web.listen-address=127.0.0.1:{self.plan.ports['alertmanager']}",
            "--cluster.listen-address=", "--log.level=warn",
        ]  # fmt: skip

    def ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.plan.ports["alertmanager"], timeout=2)
        try:
            connection.request("GET", "/-/ready")
            return connection.getresponse().status == 200
        finally:
            connection.close()
