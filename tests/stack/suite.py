"""What the conftest.py of every suite takes over: pytest's hooks, the option `--full`, the program under test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .ports import take_share
from .testing import end_as_by_ctrl_c, leave_out_long_forms

ROOT = Path(__file__).resolve().parent.parent.parent
# HEALTHD_BINARY: another build, such as a sanitizer's.
BINARY = Path(os.environ.get("HEALTHD_BINARY", ROOT / "build" / "release" / "superset-healthd"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="the long forms as well: durations, repetitions, rounds")


def pytest_configure(config: pytest.Config) -> None:
    """Processes of pytest-xdist share the ports."""
    end_as_by_ctrl_c(config)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    take_share(int(worker.removeprefix("gw")), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out_long_forms(config, items)


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def binary() -> Path:
    assert BINARY.exists(), f"{BINARY} is missing: ops/dev build release"
    return BINARY
