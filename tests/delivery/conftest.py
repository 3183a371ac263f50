"""Options and fixtures: the binary, and a house for each test."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "tests" / "faults")]  # behind our own modules

from stack.ports import take_share  # noqa: E402
from stack.testing import end_as_by_ctrl_c, leave_out_long_forms  # noqa: E402

from house import House, MakeHouse  # noqa: E402

# HEALTHD_BINARY: another build, such as a sanitizer's.
BINARY = Path(os.environ.get("HEALTHD_BINARY", ROOT / "build" / "release" / "superset-healthd"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="a thousand rounds of kills instead of fifty, and what takes minutes")
    parser.addoption("--seed", type=int, default=20261128, help="of the kill loop; a failure prints it")


def pytest_configure(config: pytest.Config) -> None:
    end_as_by_ctrl_c(config)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    take_share(int(worker.removeprefix("gw")), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out_long_forms(config, items)


@pytest.fixture(scope="session")
def binary() -> Path:
    assert BINARY.exists(), f"{BINARY} is missing: ops/dev build release"
    return BINARY


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--full"))


@pytest.fixture
def make_house(binary: Path, tmp_path: Path) -> Iterator[MakeHouse]:
    """A house as a test wants it; closed after the test, with the daemon's log on a failure."""
    made: list[House] = []

    def make(**options: Any) -> House:
        house = House(binary, tmp_path, **options)
        made.append(house)
        return house

    yield make
    for house in made:
        house.close()
