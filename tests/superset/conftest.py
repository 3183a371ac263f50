"""Options and fixtures: one site for the whole run, with the real Superset in it. All of it is a long form."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "tests" / "deployment"), str(ROOT / "ops")]

from stack import suite  # noqa: E402
from stack.suite import binary, full, pytest_addoption, pytest_configure  # noqa: E402, F401

import packages  # noqa: E402
from superset_site import Site  # noqa: E402
from user import User  # noqa: E402


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker("full")
    suite.pytest_collection_modifyitems(config, items)


@pytest.fixture(scope="session")
def superset() -> Path:
    return packages.superset()


@pytest.fixture(scope="session")
def site(superset: Path, binary: Path) -> Iterator[Site]:
    """Initialised and started in the order of docker-compose.yml; below /tmp itself, for the servers are another user's."""
    folder = Path(tempfile.mkdtemp(prefix="superset-healthd-superset-"))
    folder.chmod(0o755)
    made = Site(folder, superset, binary)
    try:
        made.start_data()
        made.initialise()
        made.start_all()
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def user(site: Site) -> User:
    return User(site.edge)


@pytest.fixture
def admin(site: Site) -> User:
    """The administrator that superset-init made, logged in."""
    made = User(site.edge)
    assert made.log_in("admin", site.secret("superset_admin_password")), "the password of secrets/ logs in"
    return made
