"""What is shipped in ops/compose, and copies of it that a test may change."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Callable

import pytest

from stack.suite import ROOT

SHIPPED = ROOT / "ops" / "compose"
# What an operator's folder has beside it.
LOCAL = shutil.ignore_patterns(".env", "secrets", "backups", "server_name.conf", "*.pem", "*.deb", "__pycache__")

# The package `linting` of ./lint is used by tests as well.
sys.path.append(str(SHIPPED))


def copy_shipped(target: Path) -> Path:
    """As it is copied to /opt/superset."""
    shutil.copytree(SHIPPED, target, ignore=LOCAL)
    return target


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_shipped(tmp_path / "superset")


@pytest.fixture(scope="session")
def make_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """For fixtures that live longer than a test."""
    return lambda: copy_shipped(tmp_path_factory.mktemp("deployment") / "superset")
