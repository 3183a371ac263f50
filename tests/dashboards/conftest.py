"""One stack with daemon and Prometheus for the whole session: well for a while, ill for a while."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "tests"))

from stack.suite import (  # noqa: E402, F401
    binary, full, pytest_addoption, pytest_collection_modifyitems, pytest_configure,
)  # fmt: skip

from boards import Json, load  # noqa: E402
from house import House  # noqa: E402
from life import Life  # noqa: E402


@pytest.fixture
def boards() -> dict[str, Json]:
    """Read anew for each test, which may spoil them."""
    found = load()
    assert found, "ops/grafana/dashboards is empty: run ops/grafana/generate.py"
    return found


@pytest.fixture(scope="session")
def life(binary: Path) -> Iterator[Life]:
    house = House(binary)
    try:
        house.start()
        yield Life(house)
    finally:
        if house.healthd.log.exists():
            print(f"the daemon's last words:\n{house.healthd.log_tail(30)}")
        house.close()
