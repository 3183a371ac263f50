"""What is probed: the stack's own servers, reachable at several addresses, and a site that costs next to nothing."""

from __future__ import annotations

from stack.nginx import nginx_conf
from stack.plan import Plan
from stack.postgres import Postgres
from stack.redis_server import Redis
from stack.server import Server

import wire

# May monitor, and logs in without a password.
TRUSTED = "healthd_trusted"

# Probes of one server share some of their work. With an address for each, every run is a full check. Redis takes no
# more than 16.
ADDRESSES = [f"127.0.0.{last}" for last in range(1, 17)]

ACCESS = f"""\
host all {TRUSTED} 127.0.0.0/24 trust
host all all 127.0.0.0/24 scram-sha-256
"""

SITE = """\
  server {{
    listen 127.0.0.1:{site_http};
    listen 127.0.0.1:{site_https} ssl;
    ssl_certificate {tls}/server.pem;
    ssl_certificate_key {tls}/server.key;
    location = /health {{ return 200 "OK"; }}
    location = /stub_status {{ stub_status; }}
  }}
"""


class Site(Server):
    """nginx that answers by itself, with the certificate of the stack's edge."""

    name = "site"
    after = ("nginx",)  # which makes the certificate

    def prepare(self) -> None:
        self.room.joinpath("nginx.conf").write_text(nginx_conf(SITE.format(**self.plan.ports, tls=self.plan.folder / "tls")))

    def command(self) -> list[str]:
        return ["/usr/sbin/nginx", "-p", f"{self.room}/", "-e", "stderr", "-c", "nginx.conf"]

    def ready(self) -> bool:
        return wire.status(self.plan.ports["site_http"], "/health") == 200


class WideRedis(Redis):
    """At every one of the addresses."""

    def prepare(self) -> None:
        super().prepare()
        with (self.room / "redis.conf").open("a") as settings:
            settings.write(f"bind {' '.join(ADDRESSES)}\n")


class WidePostgres(Postgres):
    """At every one of the addresses, with room for all probes at once."""

    def prepare(self) -> None:
        super().prepare()
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write(f"listen_addresses = '{','.join(ADDRESSES)}'\nmax_connections = 100\n")
        (self.data / "pg_hba.conf").write_text(ACCESS)
        self._single_user("postgres", f"CREATE ROLE {TRUSTED} LOGIN IN ROLE pg_monitor\n")


def widen(plan: Plan) -> list[Server]:
    """The servers that take the place of the stack's, or come in addition."""
    return [WideRedis(plan), WidePostgres(plan), Site(plan)]
