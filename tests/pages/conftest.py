"""Options and the summary; each row makes a household of its own."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "faults")]

from stack.ports import take_share  # noqa: E402
from stack.testing import end_as_by_ctrl_c, leave_out_long_forms  # noqa: E402

# HEALTHD_BINARY: another build, such as a sanitizer's.
BINARY = Path(os.environ.get("HEALTHD_BINARY", ROOT / "build" / "release" / "superset-healthd"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="fifty random orders instead of five, a quarter of an hour of loss")


def pytest_configure(config: pytest.Config) -> None:
    end_as_by_ctrl_c(config)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    os.environ.setdefault("HEALTHD_SEEDS", secrets.token_hex(8))  # the processes of pytest-xdist inherit it
    take_share(int(worker.removeprefix("gw")), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out_long_forms(config, items)
    items.sort(key=lambda item: item.path.name != "test_orders.py")  # the longest rows first, so that none is left at the end


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What rows recorded, wherever they ran: pytest-xdist carries it over."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    lines = [text for report in reports for name, text in getattr(report, "user_properties", ()) if name == "line"
             and report.when == "call"]  # fmt: skip
    if lines:
        terminalreporter.section("what was measured")
        for line in sorted(set(lines)):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def binary() -> Path:
    assert BINARY.exists(), f"{BINARY} is missing: ops/dev build release"
    return BINARY
