"""One test's world: the daemon with a target whose words the test decides, its web file, and raw requests to it."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from scripted import Line, Scripted
from stack.ports import free_ports
from stack.waiting import wait_until

TEMPO = {"interval": "500ms", "timeout": "400ms", "retry_interval": "100ms", "thresholds": {"keep": "0s", "keep_max": "0s"}}
WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
PASSWORD = "correct horse"


def bcrypt(password: str, cost: int = 10) -> str:
    """As htpasswd -nB makes it."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    made = library.crypt(password.encode(), f"$2b${cost:02}$abcdefghijklmnopqrstuu".encode())
    assert made and made.startswith(b"$2b$"), "libcrypt has no bcrypt"
    return made.decode()


@dataclass
class Answer:
    """What came back; status 0 where nothing did."""

    raw: bytes

    @property
    def status(self) -> int:
        words = self.raw.split(b"\r\n", 1)[0].split()
        return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") else 0

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    def field(self, name: str) -> str:
        for line in self.raw.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.decode("latin-1").lower() == name.lower():
                return value.decode("latin-1").strip()
        return ""


class Place:
    """Nothing runs before `start`. `web`: the web file; `more`: further keys of the configuration."""

    def __init__(
        self, binary: Path, folder: Path, web: dict[str, Any] | None = None, tls: ssl.SSLContext | None = None,
        listen: str = "127.0.0.1", options: dict[str, Any] | None = None, **more: Any,
    ) -> None:  # fmt: skip
        self.binary, self.folder = binary, folder
        self.web, self.tls, self.more = web, tls, more
        self.options = options or {}  # of the section `web`
        self.say: Callable[[bytes], bytes] = lambda request: WELL
        self.target = Scripted(self._answer)
        self.port = free_ports(["healthd"])["healthd"]
        self.listen = listen
        self.state = folder / "state"
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.log = folder / "healthd.log"
        self.log.touch()
        self.process: subprocess.Popen[bytes] | None = None

    def _answer(self, line: Line) -> None:
        while True:
            line.say(self.say(line.request()))

    @property
    def target_url(self) -> str:
        return f"http://127.0.0.1:{self.target.port}/health"

    def configuration(self) -> dict[str, Any]:
        probes = self.more.get("probes", [{"name": "app", "kind": "gunicorn", "url": self.target_url}])
        more = {key: value for key, value in self.more.items() if key != "probes"}
        web = {"listen_address": f"{self.listen}:{self.port}"} | self.options
        return {"stack": "security", "web": web, "defaults": TEMPO, "probes": probes, **more}

    def secret(self, name: str, text: str) -> str:
        file = self.folder / f"{name}.secret"
        file.touch(mode=0o600)
        file.write_text(text + "\n")
        return str(file)

    def write(self) -> list[str]:
        """The files; returns the options that name them."""
        (self.folder / "config.yaml").write_text(json.dumps(self.configuration(), indent=1))
        named = [f"--config.file={self.folder}/config.yaml"]
        if self.web is not None:
            file = self.folder / "web.yml"
            file.touch(mode=0o600)
            file.write_text(json.dumps(self.web, indent=1))  # YAML as well
            named.append(f"--web.config.file={file}")
        return named

    def start(self, wrap: tuple[str, ...] = (), wait: bool = True) -> None:
        command = [*wrap, str(self.binary), "run", *self.write(), f"--storage.path={self.state}", "--log.level=debug",
                   f"--control.socket={self.folder}/control.sock"]  # fmt: skip
        environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
        environment |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        if wait:
            wait_until(self._listens, 20, "the daemon's pages answer", step=0.02)

    def _listens(self) -> bool:
        assert self.process and self.process.poll() is None, f"the daemon ended at once:\n{self.log_text()}"
        try:
            self.connect().close()
            return True
        except OSError:
            return False

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.target.close()
        print("the daemon's last words:\n" + "\n".join(self.log_text().splitlines()[-30:]))

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    # --- requests -----------------------------------------------------------------------------------------------

    def connect(self, timeout: float = 5) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def send(self, request: bytes) -> Answer:
        """The bytes as they are, and all that comes until the daemon closes."""
        connection = self.connect(15)
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_hostname="localhost")
            got = b""
            try:
                connection.sendall(request)
                while more := connection.recv(65536):
                    got += more
            except (ConnectionError, ssl.SSLError):
                pass  # what has come so far counts
            return Answer(got)
        finally:
            connection.close()

    def get(self, path: str | bytes, host: str | bytes = "localhost", method: str = "GET", fields: str = "") -> Answer:
        raw_path = path.encode() if isinstance(path, str) else path
        raw_host = host.encode() if isinstance(host, str) else host
        head = method.encode() + b" " + raw_path + b" HTTP/1.1\r\nHost: " + raw_host + b"\r\n"
        return self.send(head + fields.encode() + b"Connection: close\r\n\r\n")

    def page(self, path: str, fields: str = "") -> str:
        answer = self.get(path, fields=fields)
        assert answer.status == 200, f"{path}: {answer.raw[:500]!r}"
        return answer.body.decode()

    def metric(self, name: str) -> float:
        """The sum of a metric's samples."""
        lines = [line for line in self.page("/metrics").splitlines() if line.split("{")[0].split(" ")[0] == name]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
