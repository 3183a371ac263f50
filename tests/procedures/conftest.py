"""A PostgreSQL with Superset's tables, a stack's folder, and a shell in which pages are followed."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "ops")]

from stack import processes  # noqa: E402
from stack.plan import Plan  # noqa: E402
from stack.postgres import Postgres  # noqa: E402
from stack.suite import (
    binary,
    full,
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
)  # noqa: E402, F401

from database import Server  # noqa: E402
from shell import Shell, Stack  # noqa: E402


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Not below pytest's folder, which each of its sessions closes to other users: the server runs as one."""
    with TemporaryDirectory(prefix="superset-healthd-procedures-") as folder:
        Path(folder).chmod(0o755)
        postgres = Postgres(Plan.make(Path(folder)))
        postgres.prepare()
        who = postgres.start()
        try:
            postgres.wait_ready(who)
            yield Server(postgres.plan)
        finally:
            processes.stop_tree(who, postgres.stop_signal)


@pytest.fixture
def stack(server: Server, tmp_path: Path) -> Stack:
    """As it lies in /opt/superset, with a database that is filled anew for each test."""
    server.fill()
    return Stack(tmp_path, server)


@pytest.fixture
def shell(stack: Stack) -> Iterator[Shell]:
    opened = Shell(stack)
    yield opened
    opened.close()
