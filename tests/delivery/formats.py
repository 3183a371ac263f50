"""What a message says, in each receiver's own format."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Callable, Iterable, Mapping

from history import FIRING, RESOLVED

_STATE = re.compile(r"\b(firing|resolved|came and went)\b", re.IGNORECASE)
_ALERT = re.compile(r"\b(SupersetWebDown)\b")


@dataclass(frozen=True)
class News:
    alert: str
    state: str
    began: float | None
    ended: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Said:
    """One request: its news, and by what the receiver tells it from others."""

    news: list[News]
    key: str = ""
    batch: str = ""


Reader = Callable[[Mapping[str, str], Any], Said]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def name_of(labels: Mapping[str, str]) -> str:
    """The alert's name and its probe: who is meant, in a failure's text."""
    return f"{labels['alertname']}/{labels.get('probe', '')}"


def fingerprint(labels: Mapping[str, str]) -> str:
    text = "".join(f"{len(word)}:{word}" for pair in sorted(labels.items()) for word in pair)
    return hashlib.sha256(text.encode()).hexdigest()


def _batch(news: list[News]) -> str:
    return repr(sorted((each.alert, each.state, each.began or 0) for each in news))


def webhook(headers: Mapping[str, str], body: Any) -> Said:
    news = [_from_webhook(alert, str(body.get("note", ""))) for alert in body["alerts"]]
    return Said(news, headers.get("Idempotency-Key", ""), _batch(news))


def _from_webhook(alert: Mapping[str, Any], note: str) -> News:
    over = alert["status"] == RESOLVED
    note = " ".join(text for text in (note, alert.get("note", ""), alert["annotations"].get("note", "")) if text)
    ended = seconds(alert["endsAt"]) if over else None
    return News(name_of(alert["labels"]), alert["status"], seconds(alert["startsAt"]), ended, note)


def alertmanager(_: Mapping[str, str], body: Any) -> Said:
    """It has resolved what ended; by its own clock, so a message from the future would still fire."""
    news = []
    for alert in body:
        ended = seconds(alert["endsAt"])
        over = ended <= time.time()
        note = alert["annotations"].get("note", "")
        state, began = RESOLVED if over else FIRING, seconds(alert["startsAt"])
        news.append(News(name_of(alert["labels"]), state, began, ended if over else None, note))
    return Said(news)


class PagerDuty:
    """A resolve names nothing but the key, so the alert is what was triggered with it."""

    ACTIONS = {"trigger": FIRING, "resolve": RESOLVED}

    def __init__(self, alerts: Iterable[Mapping[str, str]]) -> None:
        """`alerts`: the labels of those that may come."""
        self._names = {f"healthd:{fingerprint(labels)[:32]}": name_of(labels) for labels in alerts}
        self._began: dict[str, float] = {}

    def __call__(self, _: Mapping[str, str], body: Any) -> Said:
        key, action = body["dedup_key"], body["event_action"]
        if action not in self.ACTIONS:
            return Said([])
        if action == "trigger":
            self._began[key] = seconds(body["payload"]["timestamp"])
        if key not in self._began:
            return Said([])  # a resolve of what it knows nothing of: PagerDuty ignores it
        details = body.get("payload", {}).get("custom_details", {})
        note = str(details.get("note", ""))
        news = News(self._names.get(key, key), self.ACTIONS[action], self._began[key], None, note)
        return Said([news], f"{key}/{action}/{news.began}", _batch([news]))


def slack(_: Mapping[str, str], body: Any) -> Said:
    """For people, so it is read as people do; of one target only."""
    return Said(_from_words(str(body["text"]), json.dumps(body, ensure_ascii=False)))


def letter(mail: EmailMessage) -> Said:
    text = mail.get_body(("plain",))
    news = _from_words(str(mail["Subject"]), text.get_content() if text else "")  # type: ignore[attr-defined]
    return Said(news, str(mail["Message-ID"]), _batch(news))


def _from_words(head: str, everything: str) -> list[News]:
    """State and alert stand in the headline; where that only counts, in the lines below."""
    for line in (head, *everything.splitlines()):
        state, alert = _STATE.search(line), _ALERT.search(line)
        if state and alert:
            fires = state[1].lower() == FIRING
            return [News(f"{alert[1]}/app0", FIRING if fires else RESOLVED, None, None, everything)]
    return []
