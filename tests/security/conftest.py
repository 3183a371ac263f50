"""Options and fixtures: the binary, and a place for each test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "tests" / "faults")]  # behind our own modules

from stack.suite import binary, full, pytest_addoption, pytest_collection_modifyitems, pytest_configure  # noqa: E402, F401

from certificates import Certificates  # noqa: E402
from place import Place  # noqa: E402


@pytest.fixture
def make_place(binary: Path, tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """A place as a test wants it; closed after the test, with the daemon's log on a failure."""
    made: list[Place] = []

    def make(**options: Any) -> Place:
        folder = tmp_path / f"place{len(made)}"
        folder.mkdir(mode=0o755)
        place = Place(binary, folder, **options)
        made.append(place)
        place.start()
        return place

    yield make
    for place in made:
        place.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))
