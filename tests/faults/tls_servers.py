"""Servers with certificates that are wrong in every way, and the authorities that signed them."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from servers import Running
from stack import processes
from stack.nginx import nginx_conf
from stack.server import Server

AUTHORITY = """\
[ca]
default_ca = own
[own]
new_certs_dir = .
database = index.txt
serial = serial.txt
private_key = ca.key
certificate = ca.pem
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
IN_TIME = (timedelta(hours=-1), timedelta(days=60))

NGINX = """\
  default_type text/plain;
  ssl_session_cache off;
  server {{
    listen 127.0.0.1:{https} ssl default_server;
    server_name elsewhere.test;
    ssl_certificate elsewhere.pem;
    ssl_certificate_key elsewhere.key;
    location / {{ return 200 "elsewhere\\n"; }}
  }}
  server {{
    listen 127.0.0.1:{https} ssl;
    server_name localhost;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    location / {{ return 200 "OK\\n"; }}
  }}
"""


@dataclass(frozen=True)
class Certificate:
    file: Path
    key: Path
    ends: datetime


def openssl(*words: object, folder: Path) -> None:
    done = subprocess.run(["openssl", *map(str, words)], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {words[0]} failed: {done.stderr.strip()}")


class Authority:
    """Signs whatever it is asked to, into a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "ca.pem"
        self._issued = 0
        folder.mkdir(mode=0o755)
        (folder / "openssl.cnf").write_text(AUTHORITY)
        (folder / "index.txt").touch()
        (folder / "serial.txt").write_text("1000\n")
        root = ["-addext", "basicConstraints=critical,CA:TRUE", "-days", "3650", "-subj", f"/CN=Authority {folder.name}"]
        openssl("req", "-x509", *NEW_KEY, *root, "-keyout", "ca.key", "-out", "ca.pem", folder=folder)

    def issue(self, name: str = "localhost", valid: tuple[timedelta, timedelta] = IN_TIME) -> Certificate:
        """For this DNS name, from now and the first to now and the second."""
        self._issued += 1
        own = f"{self._issued:02}"
        now = datetime.now(timezone.utc).replace(microsecond=0)
        begins, ends = (f"{now + span:%Y%m%d%H%M%SZ}" for span in valid)
        (self.folder / f"{own}.cnf").write_text(f"subjectAltName = DNS:{name}\n")
        request = ["-subj", f"/CN={name}", "-keyout", f"{own}.key", "-out", f"{own}.csr"]
        openssl("req", "-new", *NEW_KEY, *request, folder=self.folder)
        dates = ["-startdate", begins, "-enddate", ends, "-extfile", f"{own}.cnf"]
        files = ["-in", f"{own}.csr", "-out", f"{own}.pem"]
        openssl("ca", "-config", "openssl.cnf", "-batch", "-notext", *dates, *files, folder=self.folder)
        return Certificate(self.folder / f"{own}.pem", self.folder / f"{own}.key", now + valid[1])


def self_signed(folder: Path) -> Certificate:
    """For localhost, by nobody but itself."""
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "60"]
    openssl("req", "-x509", *NEW_KEY, *names, "-keyout", "self.key", "-out", "self.pem", folder=folder)
    return Certificate(folder / "self.pem", folder / "self.key", datetime.now(timezone.utc) + timedelta(days=60))


class Edge(Server):
    """An nginx with two virtual hosts on one TLS port: localhost, and elsewhere.test for whoever asks for another name."""

    name = "https"

    def prepare(self) -> None:
        self.authority = Authority(self.room / "trusted")
        self._install("elsewhere", self.authority.issue("elsewhere.test"))
        self._install("server", self.authority.issue())
        (self.room / "nginx.conf").write_text(nginx_conf(NGINX.format(https=self.plan.ports["https"])))

    def command(self) -> list[str]:
        return ["/usr/sbin/nginx", "-p", f"{self.room}/", "-e", "stderr", "-c", "nginx.conf"]

    def ready(self) -> bool:
        return listens(self.plan.ports["https"])

    def show(self, certificate: Certificate, running: Running[Edge]) -> None:
        """From now on, and without a pause."""
        self._install("server", certificate)
        processes.send(running.process, signal.SIGHUP)

    def _install(self, name: str, certificate: Certificate) -> None:
        shutil.copy(certificate.file, self.room / f"{name}.pem")
        shutil.copy(certificate.key, self.room / f"{name}.key")


class Picky(Server):
    """OpenSSL's own server, which lets in only whom its authority vouches for."""

    name = "https"
    flags = ["-Verify", "1", "-verify_return_error", "-CAfile", "trusted/ca.pem"]

    def prepare(self) -> None:
        self.authority = Authority(self.room / "trusted")
        self.own = self.authority.issue()

    def command(self) -> list[str]:
        where = ["-accept", f"127.0.0.1:{self.plan.ports['https']}", "-cert", str(self.own.file), "-key", str(self.own.key)]
        return ["/usr/bin/openssl", "s_server", "-quiet", "-www", *where, *self.flags]

    def ready(self) -> bool:
        return listens(self.plan.ports["https"])


class PickyOld(Picky):
    """The same with TLS 1.2, where the refusal comes within the handshake."""

    flags = [*Picky.flags, "-tls1_2"]


class Ancient(Picky):
    """No TLS that is newer than 1.1."""

    flags = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]


class Antique(Picky):
    """TLS 1.0 only."""

    flags = ["-tls1", "-cipher", "ALL:@SECLEVEL=0"]


def listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 2):
        return True
