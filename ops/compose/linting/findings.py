"""Values that know where they come from, and what a rule says about one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    file: Path
    line: int


class Found(NamedTuple):
    """A value as text, and the line to change for another one."""

    text: str
    place: Place

    def number(self) -> int:
        return int(self.text)

    def seconds(self) -> float:
        return seconds(self.text)

    def bytes(self) -> int:
        return size(self.text)


class Finding(NamedTuple):
    place: Place
    message: str
    fix: str


class Unreadable(Exception):
    """A file that cannot be understood at all; the rules cannot go on."""

    def __init__(self, place: Place, message: str, fix: str) -> None:
        super().__init__(message)
        self.finding = Finding(place, message, fix)


_UNITS = {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "": 1}


def seconds(text: str) -> float:
    """110, 110s, 15min, 1h30m: as nginx, Compose and PostgreSQL write them."""
    if not re.fullmatch(r"(\d+(\.\d+)?\s*[a-z]*\s*)+", text.strip()):
        raise ValueError(f"{text!r} is no duration")
    total = 0.0
    for amount, unit in re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text):
        if unit not in _UNITS:
            raise ValueError(f"{text!r} is no duration")
        total += float(amount) * _UNITS[unit]
    return total


def size(text: str) -> int:
    """512m, 1g, 1gb, 32k: as nginx, Compose and Redis write them."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is no size")
    return int(float(match[1]) * 1024 ** " kmgt".index(match[2] or " "))
