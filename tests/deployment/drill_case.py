"""What a drill is: how to break the deployment, what a page's commands must say then, and which of its steps mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Union

from engine_watch import Watch

# A regular expression that has to be found somewhere, or a function where numbers have to be compared.
Sign = Union[str, Callable[[str], bool]]


def nothing(_: Watch) -> None:
    """Where the steps of the page alone bring everything back."""


def void(_: object) -> None:
    """For a lambda that asks for something only to change it."""


def seen(signs: tuple[Sign, ...], said: str) -> bool:
    return all(bool(re.search(sign, said, re.MULTILINE)) if isinstance(sign, str) else sign(said) for sign in signs)


def number(name: str, said: str) -> int:
    """Behind `name` in a line of the answer; -1 where it is missing."""
    found = re.search(rf"{name}\D*?(\d+)", said)
    return int(found[1]) if found else -1


@dataclass(frozen=True)
class Case:
    """The Confirm commands must say `healthy`, then `broken`, and never both; after `steps`, Verify must say `verified`."""

    alert: str
    how: str  # two drills of one page are told apart by this
    break_it: Callable[[Watch], None]
    broken: tuple[Sign, ...]
    healthy: tuple[Sign, ...]
    steps: tuple[int, ...]
    verified: tuple[Sign, ...] = ()  # of the commands under Verify; empty where it has none
    by_hand: Callable[[Watch], None] = nothing  # what the page tells people to do in words, before the steps
    typed: str = ""  # settings that the page asks for, such as REPORT=2
    edit: tuple[str, str] = ("", "")  # a line of a step that the page says to fill in
    afterwards: Callable[[Watch], None] = nothing  # takes away what the drill itself brought in
    default: bool = False  # also without --full
    seconds: float = 60  # how long each answer may take to come

    @property
    def name(self) -> str:
        return f"{self.alert}-{self.how}"
