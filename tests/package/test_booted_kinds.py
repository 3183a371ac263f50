"""Every kind of probe and every type of receiver under the unit's filters, with the penalty of death for a system call
that they forbid."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Iterator

import pytest
from stack.certificates import Authority
from stack.mail_server import SmtpServer
from stack.receiver import Receiver
from stack.waiting import wait_until

from booted import Booted
from bootable import CONFIG, GROUP, configure
from names import NameServer

pytestmark = pytest.mark.full

FOLDER = "/etc/superset-healthd"
PASSWORD = "correct horse"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
SITE = """server {{
  listen 127.0.0.1:443 ssl;
  listen 127.0.0.1:8088;
  ssl_certificate /etc/nginx/server.pem;
  ssl_certificate_key /etc/nginx/server.key;
  location / {{ return 200 OK; }}
  location /stub {{ stub_status; }}
  location /hook {{ proxy_pass {hook}; }}
}}
"""
REDIS = f'requirepass "{PASSWORD}"\nunixsocket /run/redis/redis.sock\nunixsocketperm 770\n'
UP = ("edge (nginx): up", "app (gunicorn): up", "metadata (postgres): up", "cache (redis): up", "broker (redis): up")


def configuration(hook: str, smarthost: str) -> str:
    """JSON is YAML. `gone` fails, and what it raises goes to everybody."""
    return json.dumps({
        "stack": "booted",
        "defaults": {"interval": "1s", "timeout": "900ms", "thresholds": {"consecutive": 2}},
        "web": {"external_url": "http://localhost:9848"},
        "probes": [
            {"name": "edge", "kind": "nginx", "url": "https://localhost/health", "stub_status": "https://localhost/stub",
             "tls": {"ca_file": "ca.pem"}},
            {"name": "app", "kind": "gunicorn", "url": "http://app.example.test:8088/health", "expect_body_regex": "^OK$",
             "statsd": {"listen_address": "127.0.0.1:9125"}},
            {"name": "gone", "kind": "gunicorn", "url": "http://gone.example.test:8089/health"},
            {"name": "metadata", "kind": "postgres", "password_file": "pg.pw",
             "dsn": "host=localhost dbname=superset user=healthd sslmode=require"},
            {"name": "cache", "kind": "redis", "url": "unix:///run/redis/redis.sock", "password_file": "redis.pw",
             "write_canary": True},
            {"name": "broker", "kind": "redis", "url": "redis://localhost:6379/0", "role": "broker", "credential": "redis"},
            {"name": "workers", "kind": "celery", "broker": "broker", "queues": ["celery"], "expected_workers": 1},
            {"name": "beat", "kind": "beat", "broker": "broker", "task": "reports.scheduler", "every": "60s"},
        ],
        "receivers": [
            {"name": "oncall", "alertmanager": {"urls": [hook]}},
            {"name": "hook", "webhook": {"url": "https://localhost/hook", "tls": {"ca_file": "ca.pem"}}},
            {"name": "pager", "pagerduty": {"routing_key_file": "pager.key", "url": f"{hook}/pager"}},
            {"name": "chat", "slack": {"webhook_url_file": "slack.url"}},
            {"name": "mail", "email": {"to": ["ops@example.test"], "from": "healthd@example.test", "smarthost": smarthost,
                                       "starttls": "off", "digest": "1s"}},
        ],
    })  # fmt: skip


class Site:
    """Servers of Debian in there, receivers of ours beside them."""

    def __init__(self, host: Booted, folder: Path) -> None:
        self.host = host
        self.letters: list[bytes] = []
        self.receiver = host.in_network(Receiver)
        self.mail = host.in_network(lambda: SmtpServer(lambda letter: self.letters.append(letter) is None))
        self.names = host.in_network(NameServer)
        authority = Authority(folder)
        authority.create()
        authority.issue(timedelta(days=60))
        for file in ("server.pem", "server.key"):
            host.write(f"/etc/nginx/{file}", (folder / file).read_text(), 0o600)
        host.write("/etc/nginx/sites-enabled/default", SITE.format(hook=self.receiver.url))
        host.write("/etc/redis/ours.conf", REDIS)
        host.run("echo include /etc/redis/ours.conf >>/etc/redis/redis.conf && systemctl restart nginx redis-server")
        role = f"create role healthd login password '{PASSWORD}' in role pg_monitor"
        psql = "setpriv --reuid=postgres --regid=postgres --init-groups psql"
        host.run(f"cd / && {psql} -qc \"{role}\" -c 'create database superset'")
        self.secrets((folder / "ca.pem").read_text())

    def secrets(self, authority: str) -> None:
        self.host.write(f"{FOLDER}/ca.pem", authority)
        slack = f"{self.receiver.url}/slack"
        for name, text in (("pg.pw", PASSWORD), ("redis.pw", PASSWORD), ("pager.key", ROUTING_KEY), ("slack.url", slack)):
            self.host.write(f"{FOLDER}/{name}", f"{text}\n", 0o640, GROUP)
        self.host.write("/etc/credentials/redis", f"{PASSWORD}\n", 0o600)
        self.host.drop_in("redis", "LoadCredential=redis:/etc/credentials/redis\nSupplementaryGroups=redis")
        configure(self.host, configuration(self.receiver.url, self.mail.smarthost))

    def told(self) -> set[str]:
        """Which receivers were told of the fault."""
        heard = {message.path for message in self.receiver.messages if "gone" in json.dumps(message.body)}
        subjects = [message_from_bytes(letter, policy=policy.default)["subject"] for letter in self.letters]
        return heard | ({"mail"} if any("SupersetWebDown" in subject for subject in subjects) else set())

    def close(self) -> None:
        for server in (self.receiver, self.mail, self.names):
            server.close()


def threads(host: Booted) -> int:
    return len(host.text(f"ls /proc/{host.show('MainPID')}/task").split())


@pytest.fixture
def site(installed: Booted, tmp_path: Path) -> Iterator[Site]:
    made = Site(installed, tmp_path / "authority")
    yield made
    made.close()


def test_no_kind_of_probe_or_receiver_makes_a_system_call_that_is_forbidden(site: Site) -> None:
    host = site.host
    host.drop_in("strict", "SystemCallErrorNumber=kill")
    host.run("systemctl start superset-healthd")
    try:
        wait_until(lambda: all(line in host.text("superset-healthd status") for line in UP), 30, "the real servers are up")
        wait_until(lambda: site.told() >= {"/api/v2/alerts", "/hook", "/pager", "/slack", "mail"}, 40, "all were told")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{site.told()}\n{host.text('superset-healthd status')}\n{host.journal()}")
    assert any(b"\3app\7example\4test" in question for question in site.names.asked), "asked by DNS"
    host.run("superset-healthd silence add --for 1h alertname=RedisDown && systemctl reload superset-healthd")
    host.get(9848, "/metrics")
    host.get(9848, "/")
    assert threads(host) < int(host.show("TasksMax")) // 2, "far from its limit, which only a cgroup2 with `pids` enforces"
    began = time.monotonic()
    host.run("systemctl stop superset-healthd")
    assert time.monotonic() - began < 10
    assert (host.show("NRestarts"), host.show("Result"), host.show("ExecMainStatus")) == ("0", "success", "0")
    for words in ("SIGSYS", "status=31", "Operation not permitted", "Address family not supported"):
        assert words not in host.journal()


def test_a_credential_is_read_and_an_upgrade_restarts_with_it(site: Site) -> None:
    """check-config by hand sees no credentials; the package's own, before it restarts, has those of the running service."""
    host = site.host
    host.run("systemctl enable --now superset-healthd")
    wait_until(lambda: "broker (redis): up" in host.text("superset-healthd status"), 20, "logged in with the credential")
    assert host.text("stat -c %a /run/credentials/superset-healthd.service/redis") in ("400", "440")
    before = host.show("MainPID")
    said = host.text("dpkg -i /root/newer.deb")
    assert "the old one goes on watching" not in said and "not configured" not in said
    assert host.show("ActiveState") == "active" and host.show("MainPID") != before
    wait_until(lambda: "broker (redis): up" in host.text("superset-healthd status"), 20, "the new one logs in as well")


def test_an_installation_after_a_removal_starts_it_with_its_credential(site: Site) -> None:
    """While it does not run there are no credentials to check its configuration with."""
    host = site.host
    host.run("systemctl enable --now superset-healthd && dpkg --remove superset-healthd")
    assert host.show("ActiveState") == "inactive" and host.run(f"test -e {CONFIG}").returncode == 0
    said = host.text("dpkg -i /root/ours.deb")
    assert "not configured" not in said
    assert host.show("ActiveState") == "active"
