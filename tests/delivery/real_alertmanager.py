"""The real Alertmanager before one of our receivers: killed, frozen and started again on the same data."""

from __future__ import annotations

import http.client
import signal
import subprocess
from contextlib import closing
from pathlib import Path

from stack.ports import free_ports
from stack.waiting import wait_until

SETTINGS = """\
route: {{receiver: hook, group_by: ['...'], group_wait: 300ms, group_interval: 1s, repeat_interval: 4h,
        routes: [{{receiver: nobody, matchers: ['severity="none"']}}]}}
receivers:
  - {{name: nobody}}
  - {{name: hook, webhook_configs: [{{url: "{url}", send_resolved: true}}]}}
"""


class RealAlertmanager:
    """Without a cluster, so that it opens no port beyond loopback."""

    def __init__(self, folder: Path, receiver: str) -> None:
        self.folder = folder / "alertmanager"
        self.folder.mkdir()
        (self.folder / "alertmanager.yml").write_text(SETTINGS.format(url=receiver))
        self.port = free_ports(["alertmanager"])["alertmanager"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [
            "/usr/bin/prometheus-alertmanager", f"--config.file={self.folder}/alertmanager.yml",
            f"--storage.path={self.folder}/data", f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=",
            "--log.level=warn",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as out:
            self._process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        wait_until(self._ready, 20, f"Alertmanager is ready; {(self.folder / 'log').read_text()[-2000:]}", step=0.02)

    def _ready(self) -> bool:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)) as connection:
                connection.request("GET", "/-/ready")
                return connection.getresponse().status == 200
        except OSError:
            return False

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        if self._process and self._process.poll() is None:
            self.thaw()
            self.kill()
