"""The daemon with something of everything that its pages show: an edge with a certificate, two applications, a queue."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from house import House
from scripted import Scripted
from stack.certificates import Authority
from stack.ports import free_ports
from stack.waiting import wait_until
from targets import Target

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


class SmallStack:
    """Runs from construction until `close`."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._authority = Authority(folder / "authority")
        self._authority.create()
        self._authority.issue(timedelta(days=61))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "authority" / "server.pem", folder / "authority" / "server.key")
        self.house = House(binary, folder, targets=2, defaults={"interval": "400ms", "timeout": "400ms"})
        self._edge = Scripted(self.house.targets[1]._answer, tls=context)
        self._redis_port = free_ports(["redis"])["redis"]
        self._redis = subprocess.Popen(
            ["/usr/bin/redis-server", "--port", str(self._redis_port), "--bind", "127.0.0.1", "--save", "",
             "--maxmemory", "64mb", "--maxmemory-policy", "noeviction"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            self._fill_queue()
            self.house.start(change=self._more_probes)
            wait_until(self._has_seen_everything, 20, "every probe has a result")
        except BaseException:
            self.close()
            raise

    def _has_seen_everything(self) -> bool:
        return all(probe["started_at"] for probe in json.loads(self.house.page("/api/v1/status"))["probes"])

    def _command(self, *words: str) -> None:
        with closing(socket.create_connection(("127.0.0.1", self._redis_port), timeout=2)) as connection:
            message = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
            connection.sendall(message.encode())
            assert connection.recv(64).startswith((b":", b"+"))

    def _fill_queue(self) -> None:
        def takes() -> bool:
            try:
                self._command("RPUSH", "celery", *["{}"] * 7)
            except OSError:
                return False
            return True

        wait_until(takes, 10, "Redis takes messages")

    def _more_probes(self, configuration: dict[str, Any]) -> None:
        ca = str(self._authority.folder / "ca.pem")
        configuration["stack"] = "web"
        configuration["probes"] += [
            {"name": "edge", "kind": "nginx", "url": f"https://localhost:{self._edge.port}/health", "tls": {"ca_file": ca}},
            {"name": "broker", "kind": "redis", "url": f"redis://127.0.0.1:{self._redis_port}/0", "role": ["cache", "broker"]},
            {"name": "workers", "kind": "celery", "broker": "broker", "queues": ["celery"], "expected_workers": 1},
        ]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.house.port}"

    @property
    def target(self) -> Target:
        """What a test breaks and mends."""
        return self.house.targets[0]

    def incidents(self) -> list[dict[str, Any]]:
        return list(json.loads(self.house.page("/api/v1/incidents"))["incidents"])

    def incident_of(self, probe: str) -> str:
        """The id of an open one, once there is one."""

        def found() -> str:
            for incident in self.incidents():
                if not incident["ended_at"] and any(member["labels"]["probe"] == probe for member in incident["members"]):
                    return str(incident["id"])
            return ""

        return wait_until(found, 20, f"an incident about {probe}")

    def hold(self) -> None:
        """The daemon still takes connections, and answers none."""
        assert self.house.process
        self.house.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.house.process
        self.house.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.house.close()
        self._redis.terminate()
        self._redis.wait(10)
        self._edge.close()
