"""Throw-away certificates: of the pages' server, of clients, and of clients that nobody knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
RSA = ["-newkey", "rsa:2048", "-nodes", "-days", "2"]


class Certificates:
    """NAME.pem and NAME.key in one folder: server (EC), server_rsa, client, stranger; ca.pem vouches for all but the last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._authority("ca")
        self._authority("other")
        names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        self._leaf("server", "ca", EC, names, "extendedKeyUsage=serverAuth")
        self._leaf("server_rsa", "ca", RSA, names, "extendedKeyUsage=serverAuth", "keyUsage=digitalSignature,keyEncipherment")
        self._leaf("client", "ca", EC, "subjectAltName=DNS:prometheus.internal", "extendedKeyUsage=clientAuth")
        self._leaf("stranger", "other", EC, "subjectAltName=DNS:prometheus.internal", "extendedKeyUsage=clientAuth")

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def _authority(self, name: str) -> None:
        self._openssl(*EC, "-subj", f"/CN={name} of the tests", "-keyout", f"{name}.key", "-out", f"{name}.pem")

    def _leaf(self, name: str, authority: str, key: list[str], *extensions: str) -> None:
        added = [word for extension in (*extensions, "basicConstraints=critical,CA:FALSE") for word in ("-addext", extension)]
        self._openssl(
            *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", *added,
        )  # fmt: skip

    def _openssl(self, *words: str) -> None:
        done = subprocess.run(["openssl", "req", "-x509", *words], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, f"openssl req failed: {done.stderr.strip()}"
