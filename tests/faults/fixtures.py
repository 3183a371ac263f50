"""Fixtures of every suite of rows: `bench` on the machine's loopback, `island` in a network of its own."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Iterator

import pytest

from netns import own_network
from row import Bench
from servers import House, Template
from stack.suite import binary, full, pytest_addoption, pytest_collection_modifyitems, pytest_configure

# What a conftest.py takes over as a whole: pytest's hooks and the fixtures.
__all__ = [
    "pytest_addoption", "pytest_configure", "pytest_collection_modifyitems", "binary", "full", "secret", "template", "house",
    "bench", "island",
]  # fmt: skip


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
