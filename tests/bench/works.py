"""What is compared: for each kind of work our probe, the exporter that does the same, and the floor."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from stack.plan import Plan

from targets import ADDRESSES, TRUSTED

# The interval of each of our probes.
PACE_SECONDS = 0.2


@dataclass(frozen=True)
class Work:
    """`probe` is one line of our configuration, without its name; {address} takes turns."""

    key: str
    title: str
    probe: str
    probes: int
    peer: str  # the name of a Peer
    page: str
    marker: str  # of an answer that tells of success
    floor: tuple[str, ...]  # words for floor.c
    exchanges: int = 1  # of the floor, for one of ours
    goal: float | None = None  # microseconds of CPU time
    user: str = ""  # of the floor, with the password of `server`
    server: str = ""

    @property
    def rate(self) -> float:
        """Operations in a second, of all our probes together; exporter and floor keep to it as far as they can."""
        return self.probes / PACE_SECONDS

    def configuration(self, plan: Plan) -> str:
        """All our probes of this work."""
        names = _names(plan)
        lines = [
            self.probe.format(**names, address=ADDRESSES[number % len(ADDRESSES)]) for number in range(self.probes)
        ]
        return "".join(f"  - {{name: {self.key}_{number}, {line}}}\n" for number, line in enumerate(lines))

    def peer_page(self, plan: Plan) -> str:
        return self.page.format(**_names(plan))

    def floor_words(self, plan: Plan, seconds: float) -> list[str]:
        kind, port, *rest = (word.format(**_names(plan)) for word in self.floor)
        return [kind, "127.0.0.1", port, str(seconds), str(self.rate * self.exchanges), *rest]

    def floor_login(self, plan: Plan) -> dict[str, str]:
        passwords = {"redis": plan.redis_password, "postgres": plan.postgres_password}
        return {"BENCH_USER": self.user, "BENCH_PASSWORD": passwords.get(self.server, "")}


def _names(plan: Plan) -> dict[str, object]:
    return {**plan.ports, "ca_file": plan.ca_file, "secrets": plan.folder / "bench-secrets"}


def _blackbox(url: str) -> str:
    return "/probe?" + urlencode({"module": "http_2xx", "target": url}, safe="{}")


WORKS = (
    Work("http", "HTTP, new connection", 'kind: gunicorn, url: "http://127.0.0.1:{site_http}/health"', 200,
         peer="blackbox", page=_blackbox("http://127.0.0.1:{site_http}/health"), marker="\nprobe_success 1",
         floor=("http", "{site_http}", "/health"), goal=100),
    Work("https", "HTTPS, full handshake",
         'kind: nginx, url: "https://127.0.0.1:{site_https}/health", tls: {{ca_file: "{ca_file}"}}', 40,
         peer="blackbox", page=_blackbox("https://127.0.0.1:{site_https}/health"), marker="\nprobe_success 1",
         floor=("https", "{site_https}", "/health", "{ca_file}"), goal=800),
    Work("stub_status", "nginx and stub_status",
         'kind: nginx, url: "http://127.0.0.1:{site_http}/health", '
         'stub_status: "http://127.0.0.1:{site_http}/stub_status"', 40,
         peer="nginx_exporter", page="/metrics", marker="\nnginx_up 1",
         floor=("http", "{site_http}", "/stub_status"), exchanges=2),
    Work("redis", "Redis, full check",
         'kind: redis, url: "redis://{address}:{redis}/0", password_file: "{secrets}/redis", role: [cache, broker]', 16,
         peer="redis_exporter", page="/metrics", marker="\nredis_up 1", floor=("redis", "{redis}"), goal=200,
         server="redis"),
    Work("postgres", "PostgreSQL, full check",
         'kind: postgres, dsn: "host={address} port={postgres} dbname=superset user=healthd", '
         'password_file: "{secrets}/postgres"', 10,
         peer="postgres_exporter", page="/metrics", marker="\npg_up 1", floor=("postgres", "{postgres}"), goal=1500,
         user="healthd", server="postgres"),
    # Beside the one above it shows what the password costs: SCRAM makes the client derive a key at each login.
    Work("postgres_trust", "PostgreSQL, no password",
         f'kind: postgres, dsn: "host={{address}} port={{postgres}} dbname=superset user={TRUSTED}"', 10,
         peer="postgres_exporter", page="/metrics", marker="\npg_up 1", floor=("postgres", "{postgres}"), goal=1500,
         user=TRUSTED, server="postgres"),
)  # fmt: skip
