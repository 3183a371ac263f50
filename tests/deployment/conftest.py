"""Options and fixtures of the deployment tests."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "ops")]  # behind our own modules

from stack.suite import binary, full, pytest_configure  # noqa: E402, F401
from stack.suite import pytest_addoption, pytest_collection_modifyitems  # noqa: E402, F401

from shipped import folder, make_folder  # noqa: E402, F401
