"""Fixtures of every suite of rows: `bench` on the machine's loopback, `island` in a network of its own."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Iterator

import pytest

from netns import own_network
from row import Bench
from servers import House, Template
from stack.ports import take_share
from stack.testing import end_as_by_ctrl_c, leave_out_long_forms

# What a conftest.py takes over as a whole: pytest's hooks and the fixtures.
__all__ = [
    "pytest_addoption", "pytest_configure", "pytest_collection_modifyitems", "binary", "secret", "template", "house", "bench",
    "island",
]  # fmt: skip

ROOT = Path(__file__).resolve().parent.parent.parent
# HEALTHD_BINARY: another build, such as a sanitizer's.
BINARY = Path(os.environ.get("HEALTHD_BINARY", ROOT / "build" / "release" / "superset-healthd"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="the long forms as well")


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


@pytest.fixture(scope="session")
def secret() -> str:
    """The password of every server of the suite. It must appear nowhere."""
    return f"hd-canary-{secrets.token_hex(8)}"


@pytest.fixture(scope="session")
def template(secret: str) -> Iterator[Template]:
    """A PostgreSQL cluster to copy."""
    template = Template(secret)
    try:
        yield template
    finally:
        template.remove()


@pytest.fixture(scope="session")
def house(secret: str, template: Template) -> Iterator[House]:
    """Where the shared servers live."""
    house = House(secret, template)
    try:
        yield house
    finally:
        house.close()


@pytest.fixture
def bench(binary: Path, tmp_path: Path, secret: str, house: House) -> Iterator[Bench]:
    bench = Bench(binary, tmp_path, secret, house)
    try:
        yield bench
    finally:
        bench.close()


@pytest.fixture
def island(binary: Path, tmp_path: Path, secret: str, template: Template) -> Iterator[Bench]:
    """As `bench`, but the test, its servers and the daemon are alone in a new network, whose rules `island.network` makes."""
    with own_network() as network:
        house = House(secret, template)
        bench = Bench(binary, tmp_path, secret, house, network)
        try:
            yield bench
        finally:
            bench.close()
            house.close()
