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
