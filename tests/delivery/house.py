"""One test's world: targets, receivers, and a daemon that can be killed and started again on the same state."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Callable

import formats
from checker import check
from daemon import Metrics
from history import FIRING, Commit, History, Killed, Manner, Settled, Started
from mail import MailPeer
from peers import Peer
from stack.ports import free_ports
from stack.waiting import TimedOut, wait_until
from state_file import delivery_rows
from targets import ALERTNAME, Target

# Three failures are a fault, four successes its end; nothing is held for longer.
TEMPO = {"interval": "200ms", "timeout": "200ms", "retry_interval": "100ms", "thresholds": {"keep": "0s", "keep_max": "0s"}}
NOTICED = 15.0
# A receiver that failed a few times is tried again after so long at the latest.
SETTLE = 40.0
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
KINDS = ("webhook", "alertmanager", "pagerduty", "slack", "email")


def manner(kind: str) -> Manner:
    return Manner(resends=kind == "alertmanager", tells_missed=kind in ("webhook", "slack", "email"))


class House:
    """Nothing runs before `start`."""

    def __init__(
        self, binary: Path, folder: Path, targets: int = 1, receivers: dict[str, str] | None = None, **more: Any
    ) -> None:
        """`receivers`: kind by name. `more`: further keys of the configuration; `defaults` over TEMPO."""
        self.binary, self.folder = binary, folder
        self.receivers = receivers or {"hook": "webhook"}
        self.history = History({name: manner(kind) for name, kind in self.receivers.items()})
        self.targets = [Target(f"app{number}", self.history) for number in range(targets)]
        self.peers: dict[str, Any] = {name: self._peer(name, kind) for name, kind in self.receivers.items()}
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)
        self.socket = folder / "control.sock"
        self.port = free_ports(["healthd"])["healthd"]
        self.more = more
        self.resend = "1s"
        self.wrap: list[str] = []  # a command that runs the daemon
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "healthd.log"
        self.log.touch()

    def _peer(self, name: str, kind: str) -> Any:
        match kind:
            case "webhook":
                return Peer(name, self.history, formats.webhook)
            case "alertmanager":
                return Peer(name, self.history, formats.alertmanager, "/api/v2/alerts")
            case "pagerduty":
                return Peer(name, self.history, formats.PagerDuty(map(self.labels, self.targets)), "/v2/enqueue", 202)
            case "slack":
                return Peer(name, self.history, formats.slack, "/services/T000/B000/secret")
            case "email":
                return MailPeer(name, self.history)
        raise ValueError(kind)

    def labels(self, target: Target) -> dict[str, str]:
        """Of the alert of this target."""
        kind = {"alertname": ALERTNAME, "component": "gunicorn", "severity": "critical"}
        return kind | {"stack": "delivery", "probe": target.name}

    # --- the daemon ---------------------------------------------------------------------------------------------

    def configuration(self) -> dict[str, Any]:
        more = dict(self.more)
        return {
            "stack": "delivery",
            "web": {"listen_address": f"127.0.0.1:{self.port}", "external_url": f"http://127.0.0.1:{self.port}"},
            "defaults": TEMPO | more.pop("defaults", {}),
            "probes": [target.probe for target in self.targets],
            "receivers": [{"name": name} | self._receiver(name, kind) for name, kind in self.receivers.items()],
            **more,
        }

    def _receiver(self, name: str, kind: str) -> dict[str, Any]:
        peer = self.peers[name]
        match kind:
            case "webhook":
                return {"webhook": {"url": peer.url}}
            case "alertmanager":
                return {"alertmanager": {"urls": [peer.base], "resend": self.resend}}
            case "pagerduty":
                return {"pagerduty": {"url": peer.url, "routing_key_file": self._secret(name, ROUTING_KEY)}}
            case "slack":
                return {"slack": {"webhook_url_file": self._secret(name, peer.url), "pause": "100ms"}}
        addresses = {"to": ["oncall@example.com"], "from": "healthd@example.com"}
        return {"email": addresses | {"smarthost": peer.smarthost, "starttls": "off", "digest": "1s"}}

    def _secret(self, name: str, text: str) -> str:
        file = self.folder / f"{name}.secret"
        file.touch(mode=0o600)
        file.write_text(text + "\n")
        return str(file)

    def start(
        self, failpoint: str = "", change: Callable[[dict[str, Any]], None] | None = None, wait: bool = True
    ) -> None:
        """`change`: of the configuration, before it is written."""
        configuration = self.configuration()
        if change:
            change(configuration)
        file = self.folder / "config.yaml"
        file.write_text(json.dumps(configuration, indent=1))  # YAML as well
        environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}
        environment |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        if failpoint:
            environment["HEALTHD_FAILPOINT"] = failpoint
        command = [*self.wrap, str(self.binary), "run", f"--config.file={file}", f"--storage.path={self.state}",
                   f"--control.socket={self.socket}"]  # fmt: skip
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self.history.add(Started(time.time()))
        if wait:
            self.wait_listening()

    def wait_listening(self) -> None:
        def listens() -> bool:
            assert self.process and self.process.poll() is None, f"the daemon ended at once:\n{self.log_tail()}"
            try:
                return bool(self.page("/-/healthy"))
            except OSError:
                return False

        wait_until(listens, 15, "the daemon's web server answers", step=0.01)

    def kill(self) -> None:
        """SIGKILL; what it leaves on the disk is read and written down."""
        assert self.process
        self.process.kill()
        self.wait_dead()

    def wait_dead(self, seconds: float = 20) -> None:
        """Until it has died of SIGKILL, by whomever."""
        assert self.process
        code = self.process.wait(seconds)
        self.history.add(Killed(time.time()))
        assert code == -signal.SIGKILL, f"it ended with {code}:\n{self.log_tail()}"
        for commit in self.commits():
            self.history.add(commit)

    def stop(self) -> int:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(12)
        self.history.add(Killed(time.time()))
        return code

    def commits(self) -> list[Commit]:
        return delivery_rows(self.state, self.folder / "copy", set(self.history.manners))

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.binary), *arguments, f"--control.socket={self.socket}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=15, env={"PATH": "/usr/bin:/bin"})

    # --- what it shows ------------------------------------------------------------------------------------------

    def page(self, path: str) -> str:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
        assert answer.status == 200, f"{path}: {answer.status} {text[:500]}"
        return text

    def alerts(self) -> list[dict[str, Any]]:
        return list(json.loads(self.page("/api/v1/alerts")))

    def metrics(self) -> Metrics:
        return Metrics(self.page("/metrics"))

    def shown(self, alert: str) -> str:
        """The state of this alert on the page; "" where it is not there."""
        states = [each["state"] for each in self.alerts() if formats.name_of(each["labels"]) == alert]
        return states[0] if states else ""

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def log_tail(self, lines: int = 30) -> str:
        return "\n".join(f"  | {line}" for line in self.log_text().splitlines()[-lines:])

    # --- what was told ------------------------------------------------------------------------------------------

    def last_told(self, receiver: str, alert: str) -> str:
        taken = [message for message in self.history.told().get((receiver, alert), []) if message.taken]
        return taken[-1].state if taken else ""

    def wait_told(self, receiver: str, state: str, alert: str | None = None, within: float = NOTICED) -> None:
        alert = alert or self.targets[0].alert
        wait_until(lambda: self.last_told(receiver, alert) == state, within, f"{receiver} is told {alert} {state}", step=0.01)

    def told_as_it_is(self) -> bool:
        """Every receiver knows the truth."""
        told = self.history.told()
        for receiver in self.receivers:
            for target in self.targets:
                taken = [message.state for message in told.get((receiver, target.alert), []) if message.taken]
                if (taken[-1:] == [FIRING]) == target.well:
                    return False
        return True

    def unsent(self) -> float:
        """Messages that wait, by the daemon's own count."""
        return self.metrics().value("healthd_notification_queue_length") or 0

    def settle(self, within: float = SETTLE) -> None:
        """Waits until all is told, or until it should have been; `verify` says which."""
        try:
            wait_until(lambda: self.told_as_it_is() and not self.unsent(), within, "every receiver knows the truth", step=0.02)
        except TimedOut:
            pass
        self.history.add(Settled(time.time()))

    def verify(self, context: str = "") -> None:
        violations = check(self.history)
        bugs = [bug for peer in self.peers.values() for bug in peer.bugs]
        if violations or bugs:
            story = "\n".join(f"  {event}" for event in sorted(self.history.events, key=_when))
            raise AssertionError("\n".join([context, *map(str, violations), *map(repr, bugs), "history:", story]))

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        for each in [*self.targets, *self.peers.values()]:
            each.close()
        print(f"the daemon's last words:\n{self.log_tail()}")


def _when(event: Any) -> float:
    return float(getattr(event, "at", 0) or getattr(event, "since", 0))


MakeHouse = Callable[..., House]
