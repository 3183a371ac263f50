"""The edge: TLS, the redirect, a static file and stub_status."""

from __future__ import annotations

import http.client
import os
import re
import signal
import ssl
from datetime import timedelta

from .certificates import Authority
from .server import Server

HEAD = """\
daemon off;
pid nginx.pid;
worker_processes {workers};
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  server_tokens off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
"""

SITE = """\
  server {{
    listen 127.0.0.1:{https} ssl;
    server_name localhost;
    ssl_certificate {tls}/server.pem;
    ssl_certificate_key {tls}/server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    location /static/ {{ root {room}/www; }}
    location / {{
      proxy_pass http://127.0.0.1:{gunicorn};
      proxy_set_header Host $host;
      # Shorter than a probe's timeout, so that the proxy itself says who is slow.
      proxy_connect_timeout 500ms;
      proxy_read_timeout 500ms;
      proxy_send_timeout 500ms;
    }}
  }}
  server {{
    listen 127.0.0.1:{http};
    return 301 https://localhost:{https}$request_uri;
  }}
  server {{
    listen 127.0.0.1:{stub_status};
    location = /stub_status {{ stub_status; }}
    location / {{ return 404; }}
  }}
"""


def nginx_conf(site: str, workers: int = 1) -> str:
    """A whole configuration around the servers of a site: in the foreground, everything in its own folder."""
    return HEAD.format(workers=workers) + site + "}\n"


class Nginx(Server):
    """Debian's nginx in the foreground with everything in its own folder."""

    name = "nginx"
    after = ("gunicorn",)
    stop_signal = signal.SIGTERM

    def prepare(self) -> None:
        self.authority = Authority(self.plan.folder / "tls")
        self.authority.create()
        self.authority.issue(expires_in=timedelta(days=80))
        static = self.room / "www" / "static"
        static.mkdir(parents=True)
        (static / "logo.txt").write_text("a static file of the test stack\n")
        names = {name: port for name, port in self.plan.ports.items()}
        text = nginx_conf(SITE.format(**names, tls=self.plan.folder / "tls", room=self.room), workers=2)
        (self.room / "nginx.conf").write_text(text)

    def command(self) -> list[str]:
        return ["/usr/sbin/nginx", "-p", f"{self.room}/", "-e", "stderr", "-c", "nginx.conf"]

    def ready(self) -> bool:
        context = ssl.create_default_context(cafile=str(self.plan.ca_file))
        connection = http.client.HTTPSConnection("localhost", self.plan.ports["https"], timeout=2, context=context)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        finally:
            connection.close()

    def pass_to(self, master: int, port: int) -> None:
        """Sends requests elsewhere, or back."""
        file = self.room / "nginx.conf"
        file.write_text(re.sub(r"proxy_pass http://127.0.0.1:\d+;", f"proxy_pass http://127.0.0.1:{port};", file.read_text()))
        os.kill(master, signal.SIGHUP)

    def serve_certificate(self, master: int, expires_in: timedelta) -> None:
        """Swaps the certificate in place; a reload keeps open connections."""
        Authority(self.plan.folder / "tls").issue(expires_in)
        os.kill(master, signal.SIGHUP)
