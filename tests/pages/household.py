"""A whole stack with the daemon in it, and a receiver of every kind; what each of them was told is kept apart."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Callable

from mail_peer import MailServer
from pace import BEAT_EVERY, QUIET, RESOLVE
from pagerduty_peer import PagerDuty
from slack_peer import Slack
from stack.healthd import TEST, Healthd, Tempo
from stack.plan import Plan, write_secret
from stack.receiver import Receiver
from stack.stack import Stack, new_folder
from stack.state import State
from stack.waiting import TimedOut, wait_until
from told import WATCHDOG, Told, from_alertmanagers_format

# Tickets that a page explains are in a hurry here, so that they would come if nobody held them back.
HASTY = {
    "NginxStubStatusDown": "{for: 2s}",
    "TlsCertificateExpiringSoon": "{for: 2s}",
    "TlsCertificateExpiringVerySoon": "{for: 2s}",
    "PostgresConnectionsHigh": "{for: 2s}",
    "RedisMemoryHigh": "{for: 2s}",
    "CeleryWorkersMissing": "{for: 8s}",  # a worker needs some time to find a broker that came back
    "CeleryQueueWithoutConsumer": "{for: 2s}",
}
PAGES = replace(TEST, stack="pages", timeout="1500ms")
RECEIVERS = ("alertmanager", "hook", "pager", "chat", "mail")


def overrides(more: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in (HASTY | more).items()) + "}"


class PagingHealthd(Healthd):
    """With a receiver of every kind."""

    def __init__(self, plan: Plan, binary: Path, tempo: Tempo, pager: PagerDuty, chat: Slack, mail: MailServer) -> None:
        super().__init__(plan, binary, tempo)
        self._pager, self._chat, self._mail = pager, chat, mail

    def receivers(self) -> list[str]:
        secrets = self.plan.folder / "secrets"
        key = write_secret(secrets / "pager", self._pager.routing_key)
        hook = write_secret(secrets / "chat", self._chat.url)
        return [
            *super().receivers(),
            f'{{name: pager, pagerduty: {{routing_key_file: "{key}", url: "{self._pager.url}"}}}}',
            f'{{name: chat, slack: {{webhook_url_file: "{hook}", pause: 1s}}}}',
            '{name: mail, email: {to: ["oncall@example.com"], from: "healthd@example.com", '
            f'smarthost: "{self._mail.smarthost}", starttls: off, digest: 1s}}}}',
        ]


class Household:
    """Everything of one row: made as a whole, healthy when the block begins, gone after it.

    `more`: overrides of alerts. `between`: where the daemon finds the servers, when that is not where they listen.
    """

    def __init__(
        self,
        binary: Path,
        tempo: Tempo = PAGES,
        more: dict[str, str] | None = None,
        between: Callable[[Plan], Plan] = lambda plan: plan,
        **options: Any,
    ) -> None:
        self._binary = binary
        self._between = between
        self._options = options
        self._tempo = replace(tempo, overrides=overrides(more or {}))
        self._exit = ExitStack()

    def __enter__(self) -> Household:
        with ExitStack() as made:
            folder = new_folder()
            self.plan = Plan.make(folder, beat_every=BEAT_EVERY, group_wait="500ms", group_interval="1s", **self._options)
            state = State(folder / "state.json")
            state.create(self.plan)
            self.stack = Stack(self.plan, state)
            made.callback(self.stack.stop)
            self.hook = Receiver(self.plan.ports["receiver"])
            made.callback(self.hook.close)
            self.pager, self.chat, self.mail = PagerDuty(), Slack(), MailServer()
            for peer in (self.pager, self.chat, self.mail):
                made.callback(peer.close)
            self._start()
            self._exit = made.pop_all()
        return self

    def _start(self) -> None:
        self.stack.start()
        self.healthd = PagingHealthd(self._between(self.plan), self._binary, self._tempo, self.pager, self.chat, self.mail)
        self.stack.servers[self.healthd.name] = self.healthd
        self.healthd.prepare()
        try:
            self.stack.launch(self.healthd)
            self.settle()
        except BaseException:
            self.print_log()
            raise
        self.began = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        if kind:
            self.print_log()
        self._exit.close()

    def print_log(self) -> None:
        """pytest shows it with a failure; otherwise nobody sees it."""
        print(f"the daemon's last words:\n{self.healthd.log_tail(60)}")

    # --- what was told -----------------------------------------------------------------------------------------------

    def told(self) -> list[Told]:
        """By every receiver since the stack was healthy, but for the watchdog."""
        return [news for news in self.all_told() if news.at >= self.began and news.alert != WATCHDOG]

    def all_told(self) -> list[Told]:
        news = [*self.pager.told, *self.chat.told, *self.mail.told]
        for message in list(self.hook.messages):
            if message.answered == 200:
                receiver = message.path.lstrip("/")
                found = from_alertmanagers_format(receiver, message.body)
                news += [replace(each, at=message.at) for each in found]
        return sorted(news, key=lambda each: each.at)

    def counts(self) -> Counter[Told]:
        return Counter(self.told())

    def complaints(self) -> list[str]:
        return self.pager.complaints + self.chat.complaints + self.mail.complaints

    def wait_told(self, alert: str, state: str, within: float) -> float:
        """Until every receiver was; returns how long it took."""
        began = time.monotonic()

        def missing() -> set[str]:
            return set(RECEIVERS) - {news.receiver for news in self.told() if (news.alert, news.state) == (alert, state)}

        try:
            wait_until(lambda: not missing(), within, f"{alert} {state} at every receiver", step=0.1)
        except TimedOut as error:
            raise TimedOut(f"{error}; missing at {sorted(missing())}\n{self.story()}") from None
        return time.monotonic() - began

    # --- the daemon's own view ---------------------------------------------------------------------------------------

    def get(self, path: str) -> Any:
        return get_json(self.plan.healthd_url + path)

    def alerts(self) -> dict[str, str]:
        """What is told or held back, and pages that may come. Tickets may be pending for long; the watchdog always fires."""
        found = {}
        for alert in self.get("/api/v1/alerts"):
            labels, state = alert["labels"], alert["state"]
            near = state in ("firing", "suppressed") or (state == "pending" and labels["severity"] == "critical")
            if near and labels["alertname"] != WATCHDOG:
                found[labels["alertname"]] = state
        return found

    def not_up(self) -> dict[str, str]:
        probes = self.get("/api/v1/status")["probes"]
        return {p["name"]: f"{p['state']} {p.get('reason', '')}: {p.get('detail', '')}" for p in probes if p["state"] != "up"}

    def incidents(self) -> list[dict[str, Any]]:
        """Newest first."""
        return list(self.get("/api/v1/incidents")["incidents"])

    def settle(self) -> None:
        """Healthy: every probe up, and no alert."""
        try:
            wait_until(lambda: not self.not_up() and not self.alerts(), RESOLVE, "every probe up and no alert", step=0.2)
        except TimedOut as error:
            raise TimedOut(f"{error}; not up: {self.not_up()}; alerts: {self.alerts()}\n{self.story()}") from None

    def stay_quiet(self) -> None:
        """Waits for as long as a message that should not be might still take."""
        self.settle()
        heard = len(self.told())
        end = time.monotonic() + QUIET

        def silent() -> bool:
            nonlocal heard, end
            if len(self.told()) != heard:
                heard, end = len(self.told()), time.monotonic() + QUIET
            return time.monotonic() > end

        wait_until(silent, RESOLVE, "no further message", step=0.2)

    def story(self) -> str:
        """For a failure: what happened, told and held back, in order."""
        began = getattr(self, "began", 0.0)
        lines = [f"  {news.at - began:6.1f} s  {news.receiver:12} {news.alert} {news.state}" for news in self.all_told()]
        alerts = self.get("/api/v1/alerts")
        held = [f"  {alert['labels']['alertname']} {alert['state']} {alert.get('suppressed_by')}" for alert in alerts]
        return "\n".join(["told:", *lines, "alerts now:", *held, "refused:", *self.complaints()])


def get_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.loads(answer.read())
