"""A throw-away certificate authority, made with the openssl command."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

AUTHORITY = """\
[ca]
default_ca = throw_away
[throw_away]
new_certs_dir = .
database = index.txt
serial = serial.txt
private_key = ca.key
certificate = ca.pem
default_md = sha256
policy = any
x509_extensions = leaf
unique_subject = no
[any]
commonName = supplied
[leaf]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[req]
distinguished_name = name
[name]
"""


class Authority:
    """Issues certificates for one name, as a rule localhost, into its own folder."""

    def __init__(self, folder: Path, name: str = "localhost") -> None:
        self.folder = folder
        self.name = name

    def create(self) -> None:
        """The CA and the serving key. EC keys, because an RSA key takes seconds on a small machine."""
        self.folder.mkdir(mode=0o700)
        (self.folder / "openssl.cnf").write_text(AUTHORITY.replace("DNS:localhost", f"DNS:{self.name}"))
        (self.folder / "index.txt").touch()
        (self.folder / "serial.txt").write_text("1000\n")
        self._openssl("req -x509 -config openssl.cnf -extensions root -newkey ec -pkeyopt ec_paramgen_curve:P-256",
                      "-nodes -keyout ca.key -out ca.pem -days 3650 -subj", "/CN=Throw-away CA of the test stack")
        self._openssl("req -new -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256",
                      "-nodes -keyout server.key -out server.csr -subj", f"/CN={self.name}")

    def issue(self, expires_in: timedelta, lifetime: timedelta = timedelta(days=90)) -> None:
        """Replaces server.pem by one that ends in `expires_in` and began `lifetime` before its end."""
        end = datetime.now(timezone.utc) + expires_in
        start = end - lifetime
        stamp = "%Y%m%d%H%M%SZ"
        self._openssl("ca -config openssl.cnf -batch -notext -in server.csr -out new.pem",
                      f"-startdate {start.strftime(stamp)} -enddate {end.strftime(stamp)}")
        (self.folder / "new.pem").replace(self.folder / "server.pem")

    def _openssl(self, *parts: str) -> None:
        """The words of all parts; a part that begins with a slash is one word."""
        words = [word for part in parts for word in ([part] if part.startswith("/") else part.split())]
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {words[0]} failed: {done.stderr.strip()}")
