"""Options and fixtures of the deployment tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "ops")]  # behind our own modules

from stack import suite  # noqa: E402
from stack.suite import binary, full, pytest_addoption, pytest_collection_modifyitems  # noqa: E402, F401

import progress  # noqa: E402
from engine_fixtures import deployment, engine, pytest_terminal_summary, watched  # noqa: E402, F401
from shipped import folder, make_folder  # noqa: E402, F401


def pytest_configure(config: pytest.Config) -> None:
    suite.pytest_configure(config)
    progress.remember(config)
