"""Options and the summary; each row makes a household of its own."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "faults")]

from stack import suite  # noqa: E402
from stack.suite import binary, full, pytest_addoption, pytest_collection_modifyitems  # noqa: E402, F401


def pytest_configure(config: pytest.Config) -> None:
    suite.pytest_configure(config)
    os.environ.setdefault("HEALTHD_SEEDS", secrets.token_hex(8))  # the processes of pytest-xdist inherit it


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What rows recorded, wherever they ran: pytest-xdist carries it over."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    lines = [text for report in reports for name, text in getattr(report, "user_properties", ()) if name == "line"
             and report.when == "call"]  # fmt: skip
    if lines:
        terminalreporter.section("what was measured")
        for line in sorted(set(lines)):
            terminalreporter.write_line(line)
