"""One stack with one daemon for the whole session; each test leaves it healthy."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from stack.healthd import TEST  # noqa: E402
from stack.suite import (  # noqa: E402, F401
    binary, full, pytest_addoption, pytest_collection_modifyitems, pytest_configure,
)  # fmt: skip
from stack.watched import Watched, watched_stack  # noqa: E402

from pace import BEAT_EVERY  # noqa: E402
from views import Views  # noqa: E402

_timings: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _timings:
        terminalreporter.section("timing")
        for line in _timings:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def timing() -> list[str]:
    """Lines for the summary."""
    return _timings


@dataclass
class House(Watched):
    """What most tests need at once: the stack, the daemon in it, the receiver and eyes."""

    views: Views


@pytest.fixture(scope="session")
def house(binary: Path) -> Iterator[House]:
    with watched_stack(binary, TEST, BEAT_EVERY) as watched:
        yield House(watched.stack, watched.healthd, watched.receiver, Views(watched.stack.plan))
