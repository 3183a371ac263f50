"""Options and fixtures: the binary, and a house for each test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "tests" / "faults")]  # behind our own modules

from stack import suite  # noqa: E402
from stack.suite import binary, full, pytest_collection_modifyitems, pytest_configure  # noqa: E402, F401

from house import House, MakeHouse  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    suite.pytest_addoption(parser)
    parser.addoption("--seed", type=int, default=20261128, help="of the kill loop; a failure prints it")


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
