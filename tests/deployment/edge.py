"""The shipped nginx configuration under Debian's nginx: paths and ports changed, everything else as it is."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from stack import processes
from stack.certificates import Authority
from stack.ports import free_ports
from stack.waiting import wait_until

from upstream import Upstream

NGINX = "/usr/sbin/nginx"
# Shortened, so that a test need not wait for two minutes. What is shipped is the lint's business.
READ_TIMEOUT = 1.0


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Edge:
    """nginx in front of an upstream of the test."""

    def __init__(self, folder: Path, room: Path) -> None:
        self.room = room
        self.ports = free_ports(["http", "https", "stub_status", "upstream"])
        self.upstream = Upstream(self.ports["upstream"])
        self.nginx = folder / "nginx"
        self._prepare(folder)

    def _prepare(self, folder: Path) -> None:
        subprocess.run([folder / "make-env"], check=True, capture_output=True)
        self.authority = Authority(self.room / "ca")
        self.authority.create()
        self.authority.issue(expires_in=timedelta(days=80))
        shutil.copy(self.room / "ca" / "server.pem", self.nginx / "tls" / "fullchain.pem")
        shutil.copy(self.room / "ca" / "server.key", self.nginx / "tls" / "privkey.pem")
        shutil.copy("/etc/nginx/mime.types", self.nginx / "mime.types")
        (self.room / "srv" / "static").mkdir(parents=True)
        (self.room / "srv" / "static" / "logo.txt").write_text("a static file\n")
        temporary = "".join(f"  {name}_temp_path {self.room}/{name};\n"
                            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))  # fmt: skip
        user = "user root;" if os.geteuid() == 0 else ""
        self._change("nginx.conf", "user nginx;", user)
        self._change("nginx.conf", "/run/nginx.pid", f"{self.room}/nginx.pid")
        self._change("nginx.conf", "/dev/stderr", f"{self.room}/error.log")
        self._change("nginx.conf", "http {\n", f"http {{\n{temporary}")
        self._change("nginx.conf", "superset:8088", f"127.0.0.1:{self.ports['upstream']}")
        self._change("snippets/log.conf", "/dev/stdout", f"{self.room}/access.log")
        self._change("snippets/tls.conf", "/etc/nginx/", f"{self.nginx}/")
        self._change("servers/https.conf", "/etc/nginx/", f"{self.nginx}/")
        self._change("servers/https.conf", "/srv/superset", f"{self.room}/srv")
        self._change("servers/https.conf", "superset-websocket:8080", f"127.0.0.1:{self.ports['upstream']}")
        self._change("servers/https.conf", "listen 443", f"listen 127.0.0.1:{self.ports['https']}")
        self._change("servers/http.conf", "listen 80", f"listen 127.0.0.1:{self.ports['http']}")
        self._change("servers/stub_status.conf", "listen 8081", f"listen 127.0.0.1:{self.ports['stub_status']}")

    def _change(self, name: str, old: str, new: str) -> None:
        file = self.nginx / name
        text = file.read_text()
        assert old in text, f"{name} has no {old!r} any more, so this test has to change"
        file.write_text(text.replace(old, new))

    def shorten_read_timeout(self) -> None:
        file = self.nginx / "snippets" / "proxy.conf"
        short = f"proxy_read_timeout {int(READ_TIMEOUT * 1000)}ms;"
        text, count = re.subn(r"proxy_read_timeout [^;]+;", short, file.read_text())
        assert count == 1, "snippets/proxy.conf sets proxy_read_timeout once"
        file.write_text(text)

    def command(self, *options: str) -> list[str]:
        prefix = ["-p", f"{self.nginx}/", "-e", f"{self.room}/error.log", "-c", "nginx.conf"]
        return [NGINX, *prefix, "-g", "daemon off;", *options]

    def start(self) -> None:
        self.upstream.start()
        self._launch()

    def _launch(self) -> None:
        child = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, start_new_session=True)
        self._process = processes.adopt(child)
        wait_until(self._ready, 10, "nginx answers")

    def stop(self) -> None:
        processes.stop_tree(self._process, signal.SIGTERM)
        self.upstream.stop()

    def _ready(self) -> bool:
        try:
            return self.ask("/", plain=True).status == 301
        except OSError:
            return False

    def ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None, body: bytes | None = None,
            plain: bool = False, port: str = "", seconds: float = 10) -> Answer:  # fmt: skip
        """One request on a connection of its own; over TLS unless `plain`."""
        if plain:
            connection = http.client.HTTPConnection("127.0.0.1", self.ports[port or "http"], timeout=seconds)
        else:
            context = ssl.create_default_context(cafile=str(self.room / "ca" / "ca.pem"))
            connection = http.client.HTTPSConnection("localhost", self.ports["https"], timeout=seconds, context=context)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def logged(self, path: str) -> dict[str, Any]:
        """The line of the access log about this path."""

        def look() -> dict[str, Any] | None:
            lines = [json.loads(line) for line in (self.room / "access.log").read_text().splitlines()]
            found = [line for line in lines if f" {path} " in line["request"]]
            return found[-1] if found else None

        return wait_until(look, 5, f"a line about {path} in the access log")
