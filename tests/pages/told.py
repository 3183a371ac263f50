"""What a receiver was told about an alert, whatever its own format calls it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Iterator

CATALOGUE = Path(__file__).resolve().parent.parent.parent / "config" / "alerts.yaml"
WATCHDOG = "HealthdWatchdog"
FIRING, RESOLVED = "firing", "resolved"

# A line about one alert begins with its state. Reminders and the like are states of their own: nobody expects them here.
_STATES = "STILL FIRING|CAME AND WENT|ACKNOWLEDGED|FIRING|RESOLVED"
_LINE = re.compile(rf"^\W*({_STATES})\W+(\w+)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """One piece of news in a message that was accepted. `text` is all that the message said."""

    receiver: str
    alert: str
    state: str
    text: str = field(default="", compare=False, repr=False)
    at: float = field(default_factory=time.monotonic, compare=False, repr=False)


@cache
def alert_names() -> frozenset[str]:
    """Of the catalogue, and nothing else that may stand in a text."""
    return frozenset(re.findall(r"^  - alert: (\w+)", CATALOGUE.read_text(), re.MULTILINE))


def from_alertmanagers_format(receiver: str, body: Any) -> Iterator[Told]:
    for alert in body.get("alerts", []):
        yield Told(receiver, alert["labels"]["alertname"], alert["status"], str(alert))


def from_words(receiver: str, head: str, body: str) -> Iterator[Told]:
    """A message for people: its headline says state and alert, or counts, and then a line of the body does for each."""
    for lines in ([head], body.splitlines()):
        matches = [match for match in map(_LINE.match, lines) if match and match[2] in alert_names()]
        if matches:
            found = {(match[2], match[1].lower()) for match in matches}
            yield from (Told(receiver, name, state, f"{head}\n{body}") for name, state in sorted(found))
            return
