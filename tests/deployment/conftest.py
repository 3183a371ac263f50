"""What the tests of the deployment share: pytest's hooks, and copies of ops/compose that a test may change."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Callable

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "tests"))  # behind our own modules

from stack.suite import binary, full, pytest_addoption, pytest_collection_modifyitems, pytest_configure  # noqa: E402, F401

COMPOSE = ROOT / "ops" / "compose"
# What an operator's folder has beside the shipped files.
LOCAL = shutil.ignore_patterns(".env", "secrets", "backups", "server_name.conf", "*.pem", "*.deb", "__pycache__")


def copy_deployment(target: Path) -> Path:
    """The shipped files, as they are copied to /opt/superset."""
    shutil.copytree(COMPOSE, target, ignore=LOCAL)
    return target


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    return copy_deployment(tmp_path / "superset")


@pytest.fixture(scope="session")
def make_deployment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    return lambda: copy_deployment(tmp_path_factory.mktemp("deployment") / "superset")
