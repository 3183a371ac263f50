"""What of a history breaks a guarantee of delivery; the guarantees are those of the manual.

Each check looks for one kind of broken promise. Of the daemon's inside it knows no more than the rows that it left on the disk.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Iterator

from history import FIRING, RESOLVED, Commit, Forgot, History, Killed, Message, Settled, Started, Trouble

# From an answer until its row is on the disk. Who is killed in between may tell it again.
ACK_TIME = 1.0
# A request may wait in the kernel while its sender dies.
IN_THE_KERNEL = 1.0
# What a bad receiver may cost another one (G5).
DELAY = 1.0
# A request that hangs holds up its own receiver for so long.
REQUEST_TIMEOUT = 11.0
# Later than this a message says so (G6); the daemon counts from 60 s, and from a moment that we do not see exactly.
LATE = 65.0
# Three failed probes, or four good ones, and a busy machine. Also for the rounding of times to milliseconds.
NOTICE = 10.0
ROUNDING = 0.1


@dataclass(frozen=True)
class Violation:
    guarantee: str
    what: str

    def __str__(self) -> str:
        return f"{self.guarantee}: {self.what}"


def check(history: History) -> list[Violation]:
    """All that is broken; empty when every guarantee was kept."""
    checks = (_settled, _missed, _kept_as_told, _duplicates, _keys, _fired_anew, _order, _delays, _lateness, _truth)
    return [violation for each in checks for violation in each(history)]


def _settled(history: History) -> Iterator[Violation]:
    """G1 and G2 at every moment at which all must have been told."""
    told, alerts = history.told(), history.alerts()
    for settled in history.of(Settled):
        for receiver in history.manners:
            for alert in alerts:
                taken = [m for m in told.get((receiver, alert), []) if m.taken and m.at <= settled.at]
                last = taken[-1].state if taken else RESOLVED
                if not history.well(alert, settled.at) and last != FIRING:
                    yield Violation("G1", f"{receiver} does not know at {settled.at:.3f} that {alert} fires")
                if history.well(alert, settled.at) and last == FIRING:
                    yield Violation("G2", f"{receiver} believes at {settled.at:.3f} that it fires: {taken[-1]}")


def _missed(history: History) -> Iterator[Violation]:
    """G1: what was committed is told to those who want to hear of the past, or what came after it is."""
    told = history.told()
    settled = history.of(Settled)
    for commit in history.of(Commit):
        if commit.accepted or not history.manners[commit.receiver].tells_missed:
            continue
        end = next((each.at for each in settled if each.at > commit.at), None)
        if end is None:
            continue
        later = [m for m in told.get((commit.receiver, commit.alert), []) if m.taken and m.at <= end]
        if not any(m.began is None or m.began >= commit.began - ROUNDING for m in later):
            yield Violation("G1", f"{commit.receiver} never heard of what is on the disk: {commit}")


def _kept_as_told(history: History) -> Iterator[Violation]:
    """G1: a row says "told" only where somebody was."""
    told = history.told()
    for commit in history.of(Commit):
        same = [m for m in told.get((commit.receiver, commit.alert), []) if m.state == commit.state and m.at <= commit.at]
        if commit.accepted and not any(m.taken and _same_moment(m.began, commit.began) for m in same):
            yield Violation("G1", f"{commit.receiver} never took what is told by the disk: {commit}")


def _duplicates(history: History) -> Iterator[Violation]:
    """G3: nothing is told twice but after an unknown outcome."""
    kills = [killed.at for killed in history.of(Killed)]
    for (receiver, _), messages in history.told().items():
        if history.manners[receiver].resends:
            continue
        groups: dict[tuple[str, float | None], list[Message]] = defaultdict(list)
        for message in messages:
            groups[message.state, message.began].append(message)
        for group in groups.values():
            for first, second in zip(group, group[1:]):
                if first.accepted and not _outcome_unknown(first, second, kills):
                    yield Violation("G3", f"told twice for no reason: {first}; {second}")


def _outcome_unknown(first: Message, second: Message, kills: list[float]) -> bool:
    earliest, latest = first.at - IN_THE_KERNEL, max(first.at, first.answered_at) + ACK_TIME
    return any(earliest <= kill <= min(latest, second.at) for kill in kills)


def _keys(history: History) -> Iterator[Violation]:
    """G3: the same message has the same key, another one has another."""
    of_news: dict[tuple[str, str, str, float | None, str], Message] = {}
    of_key: dict[tuple[str, str], Message] = {}
    for message in history.of(Message):
        if not message.key or history.manners[message.receiver].resends:
            continue
        news = (message.receiver, message.alert, message.state, message.began, message.batch)
        first = of_news.setdefault(news, message)
        if first.key != message.key:
            yield Violation("G3", f"the key changed from {first.key} to {message.key}: {message}")
        other = of_key.setdefault((message.receiver, message.key), message)
        if other.batch != message.batch:
            yield Violation("G3", f"one key for two messages: {other}; {message}")


def _fired_anew(history: History) -> Iterator[Violation]:
    """G3: one fault is one firing, however often we are restarted."""
    well = {alert: history.periods(alert, well=True) for alert in history.alerts()}
    for (_, alert), messages in history.told().items():
        firings = [m for m in messages if m.state == FIRING and m.began is not None and m.taken]
        for first, second in zip(firings, firings[1:]):
            if _same_moment(first.began, second.began) or alert not in well:
                continue
            assert first.began is not None and second.began is not None
            if not any(since <= second.began and until >= first.began for since, until in well[alert]):
                yield Violation("G3", f"one fault is told as two: {first}; {second}")


def _order(history: History) -> Iterator[Violation]:
    """G4: what a receiver is told of an alert never goes back."""
    forgot = history.of(Forgot)
    for (receiver, _), messages in history.told().items():
        highest: Message | None = None
        for message in (m for m in messages if m.taken):
            if highest and any(f.receiver == receiver and highest.at <= f.at <= message.at for f in forgot):
                highest = None  # a new memory is filled from the start
            if highest and _rank(message) < _rank(highest):
                yield Violation("G4", f"back in time: {highest}; then {message}")
            if highest is None or _rank(message) >= _rank(highest):
                highest = message


def _rank(message: Message) -> tuple[float, int]:
    return round(message.began or 0, 2), int(message.state == RESOLVED)


def _delays(history: History) -> Iterator[Violation]:
    """G5: of those who were well all the time, nobody hears of it much later than another."""
    firsts: dict[tuple[str, str, float], dict[str, float]] = defaultdict(dict)
    for message in history.of(Message):
        if message.began is not None:
            firsts[message.alert, message.state, round(message.began, 1)].setdefault(message.receiver, message.at)
    kills = [killed.at for killed in history.of(Killed)]
    for (alert, state, began), heard in firsts.items():
        at = min(heard.values())
        if any(at - IN_THE_KERNEL <= kill <= at + DELAY for kill in kills):
            continue
        for receiver, later in heard.items():
            if later - at > DELAY and not history.manners[receiver].relayed and _was_well(history, receiver, at):
                yield Violation("G5", f"{receiver} heard of {alert} {state} of {began} {later - at:.3f} s after another")


def _was_well(history: History, receiver: str, at: float) -> bool:
    """In the time that counts: what began before a restart does not hold up what comes after it."""
    started = [each.at for each in history.of(Started) if each.at <= at]
    since = max([at - REQUEST_TIMEOUT, *started[-1:]])
    return not any(t.receiver == receiver and t.since <= at + DELAY and t.until >= since for t in history.of(Trouble))


def _lateness(history: History) -> Iterator[Violation]:
    """G6: what comes late says so. The original times are in every message; _truth looks at them."""
    for messages in history.told().values():
        seen: set[tuple[str, float | None]] = set()
        for message in (m for m in messages if m.accepted):
            since = message.began if message.state == FIRING else message.ended
            first = (message.state, message.began) not in seen
            seen.add((message.state, message.began))
            if first and since and message.at - since > LATE and "delayed" not in message.note.lower():
                yield Violation("G6", f"{message.at - since:.0f} s late without a word: {message}; it says {message.note!r}")


def _truth(history: History) -> Iterator[Violation]:
    """Nothing is told that never was, and the times are those of the fault."""
    periods = {(alert, well): history.periods(alert, well) for alert in history.alerts() for well in (False, True)}
    for (_, alert), messages in history.told().items():
        if (alert, True) not in periods:
            continue
        for message in (m for m in messages if m.taken):
            fires = message.state == FIRING
            moment = message.began if fires else message.ended
            if moment is None:
                continue
            fits = periods[alert, not fires]
            if not any(s - ROUNDING <= moment <= e + NOTICE and s <= message.at for s, e in fits):
                yield Violation("truth", f"{'a fault' if fires else 'an end'} that never was: {message}")


def _same_moment(one: float | None, other: float | None) -> bool:
    return one is None or other is None or abs(one - other) <= ROUNDING
