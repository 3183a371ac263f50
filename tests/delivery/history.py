"""What happened in one run of the kill loop.

It is written while the run goes on: by the targets (the truth), by the receivers, by whoever kills the daemon, and from the
state file of each daemon that was killed. `checker.check` reads it afterwards. All times are seconds of the wall clock.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field

FIRING, RESOLVED = "firing", "resolved"


@dataclass(frozen=True)
class Truth:
    """From now on the target of this alert is well, or is not. The first one of each is from before the daemon started."""

    at: float
    alert: str
    well: bool


@dataclass(frozen=True)
class Started:
    at: float


@dataclass(frozen=True)
class Killed:
    at: float


@dataclass(frozen=True)
class Trouble:
    """The receiver refuses, hangs or is away."""

    receiver: str
    since: float
    until: float


@dataclass(frozen=True)
class Forgot:
    """The receiver was replaced by one that knows nothing, such as an Alertmanager after a restart."""

    receiver: str
    at: float


@dataclass(frozen=True)
class Message:
    """One piece of news in one request. `answer` is None where the sender cannot know what became of it."""

    receiver: str
    alert: str
    state: str
    at: float
    answer: int | None = 200
    answered_at: float = 0
    began: float | None = None  # of the alert; None where the receiver's format has no room for it
    ended: float | None = None
    key: str = ""  # by which the receiver tells a message that is repeated
    batch: str = ""  # what else was in the request: its key speaks for all of it
    note: str = ""

    @property
    def accepted(self) -> bool:
        return self.answer is not None and 200 <= self.answer < 300

    @property
    def taken(self) -> bool:
        """It was, or may have been."""
        return self.accepted or self.answer is None

    def __str__(self) -> str:
        return f"{self.receiver}: {self.alert} {self.state} (of {self.began}) at {self.at:.3f}, answered {self.answer}"


@dataclass(frozen=True)
class Commit:
    """A row that was found on the disk after the daemon was killed."""

    at: float
    receiver: str
    alert: str
    state: str
    began: float
    accepted: bool


@dataclass(frozen=True)
class Settled:
    """Every receiver was well, the truth was steady, and there was time enough: all must have been told by now."""

    at: float


Event = Truth | Started | Killed | Trouble | Forgot | Message | Commit | Settled


@dataclass
class Manner:
    """What the checker has to know of a receiver."""

    resends: bool = False  # it is told again and again on purpose
    tells_missed: bool = False  # it hears of what came and went while it could not be told
    relayed: bool = False  # it is told by an Alertmanager, which takes its own time


@dataclass
class History:
    """Written by many threads."""

    manners: dict[str, Manner]
    events: list[Event] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, event: Event) -> None:
        with self._lock:
            self.events.append(event)

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        with self._lock:
            found = [event for event in self.events if isinstance(event, kind)]
        return sorted(found, key=lambda event: getattr(event, "at", 0) or getattr(event, "since", 0))

    def told(self) -> dict[tuple[str, str], list[Message]]:
        """By receiver and alert, in the order of arrival."""
        told: dict[tuple[str, str], list[Message]] = defaultdict(list)
        for message in self.of(Message):
            told[message.receiver, message.alert].append(message)
        return told

    def alerts(self) -> list[str]:
        return sorted({truth.alert for truth in self.of(Truth)})

    def well(self, alert: str, at: float) -> bool:
        """The truth at that moment."""
        known = [truth for truth in self.of(Truth) if truth.alert == alert and truth.at <= at]
        return known[-1].well if known else True

    def periods(self, alert: str, well: bool) -> list[tuple[float, float]]:
        """When the target was well, or was not."""
        found: list[tuple[float, float]] = []
        for truth in (truth for truth in self.of(Truth) if truth.alert == alert):
            if found and found[-1][1] == float("inf"):
                if truth.well == well:
                    continue
                found[-1] = (found[-1][0], truth.at)
            elif truth.well == well:
                found.append((truth.at, float("inf")))
        return found
