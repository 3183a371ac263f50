"""The exporters of Debian, each with the settings that its users give it."""

from __future__ import annotations

from stack.server import Server

import wire

MODULES = """\
modules:
  http_2xx:
    prober: http
    timeout: 5s
    http:
      preferred_ip_protocol: ip4
      tls_config: {{ca_file: "{ca_file}"}}
"""


class Peer(Server):
    """An exporter on a port of its own; `name` is the key of that port."""

    program = ""
    package = ""
    page = "/metrics"

    @property
    def port(self) -> int:
        return self.plan.ports[self.name]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ready(self) -> bool:
        return wire.status(self.port, self.page) == 200


class Blackbox(Peer):
    name = "blackbox"
    program = "blackbox_exporter"
    package = "prometheus-blackbox-exporter"
    after = ("site",)

    def prepare(self) -> None:
        (self.room / "blackbox.yml").write_text(MODULES.format(ca_file=self.plan.ca_file))

    def command(self) -> list[str]:
        return ["/usr/bin/prometheus-blackbox-exporter", f"--config.file={self.room}/blackbox.yml",
                f"--web.listen-address={self.address}"]  # fmt: skip


class RedisExporter(Peer):
    name = "redis_exporter"
    program = "redis_exporter"
    package = "prometheus-redis-exporter"
    after = ("redis",)

    def command(self) -> list[str]:
        redis = f"redis://127.0.0.1:{self.plan.ports['redis']}"
        return ["/usr/bin/prometheus-redis-exporter", f"-redis.addr={redis}", f"-web.listen-address={self.address}"]

    def environment(self) -> dict[str, str]:
        return {"REDIS_PASSWORD": self.plan.redis_password}


class PostgresExporter(Peer):
    name = "postgres_exporter"
    program = "postgres_exporter"
    package = "prometheus-postgres-exporter"
    after = ("postgres",)

    def command(self) -> list[str]:
        return ["/usr/bin/prometheus-postgres-exporter", f"--web.listen-address={self.address}"]

    def environment(self) -> dict[str, str]:
        return {
            "DATA_SOURCE_URI": f"127.0.0.1:{self.plan.ports['postgres']}/superset?sslmode=disable",
            "DATA_SOURCE_USER": "healthd",
            "DATA_SOURCE_PASS": self.plan.postgres_password,
        }


class NginxExporter(Peer):
    name = "nginx_exporter"
    program = "nginx-prometheus-exporter"
    package = "prometheus-nginx-exporter"
    after = ("site",)

    def command(self) -> list[str]:
        page = f"http://127.0.0.1:{self.plan.ports['site_http']}/stub_status"
        return ["/usr/bin/prometheus-nginx-exporter", f"-nginx.scrape-uri={page}",
                f"-web.listen-address={self.address}"]  # fmt: skip


PEERS = (Blackbox, RedisExporter, PostgresExporter, NginxExporter)
