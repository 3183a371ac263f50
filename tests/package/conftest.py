"""Options and fixtures: the binary, the package built once, and what it unpacks to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests")]

from stack.suite import binary, full, pytest_addoption, pytest_collection_modifyitems, pytest_configure  # noqa: E402, F401

from bootable import bare, bootable, installed, running  # noqa: E402, F401
from tools import build_package, needed  # noqa: E402


@pytest.fixture(scope="session")
def package(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The .deb of build/release as it is; nothing is compiled."""
    return build_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def newer(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same under a version to upgrade to."""
    return build_package(tmp_path_factory.mktemp("newer"), "--version", "999.0")


@pytest.fixture(scope="session")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files in a root of their own. Tests must not change them."""
    root = tmp_path_factory.mktemp("root")
    subprocess.run([needed("dpkg-deb"), "-x", package, root], check=True, timeout=30)
    return root


@pytest.fixture(scope="session")
def control(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its control files."""
    folder = tmp_path_factory.mktemp("control")
    subprocess.run([needed("dpkg-deb"), "-e", package, folder], check=True, timeout=30)
    return folder
