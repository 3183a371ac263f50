"""Options and fixtures: one stack whose daemon looks ten times a second."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "tests" / "faults")]  # behind our own modules

from stack import suite  # noqa: E402
from stack.healthd import Tempo  # noqa: E402
from stack.suite import binary, full, pytest_collection_modifyitems, pytest_configure  # noqa: E402, F401
from stack.watched import Watched, watched_stack  # noqa: E402

SOAK = Tempo("soak", interval="100ms", timeout="100ms", retry="100ms", keep="0s", keep_max="1s", webhook=True, overrides="{}")

_report: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    suite.pytest_addoption(parser)
    parser.addoption("--seconds", type=float, help="how long (default: 60, with --full 600)")
    parser.addoption("--seed", type=int, default=20261128, help="of the faults")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _report:
        terminalreporter.section("what was measured")
        for line in _report:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def report() -> list[str]:
    """Lines for the summary."""
    return _report


@pytest.fixture(scope="session")
def house(binary: Path) -> Iterator[Watched]:
    with watched_stack(binary, SOAK, beat_every=1) as watched:
        yield watched
