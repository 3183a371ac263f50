"""Waiting for a condition with a deadline: the only kind of sleep in the demo and in the tests."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

Value = TypeVar("Value")


class TimedOut(AssertionError):
    """The condition did not come true in time. An AssertionError, so that pytest reports it as a failure."""


def wait_until(condition: Callable[[], Value], seconds: float, what: str, step: float = 0.05) -> Value:
    """Returns the first true value of `condition`; raises TimedOut with `what` and its last value otherwise."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise TimedOut(f"not within {seconds:g} s: {what} (last seen: {value!r})")
        time.sleep(step)


def watch(seconds: float, look: Callable[[], object], step: float = 0.2) -> None:
    """Looks again and again for so long: what must not happen fails at once, not at the end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        look()
        time.sleep(step)


def until(moment: float) -> None:
    """For what a test itself does at a moment (of the monotonic clock) of its own choice. What others do is waited for."""
    time.sleep(max(0.0, moment - time.monotonic()))
