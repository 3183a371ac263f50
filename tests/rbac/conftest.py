"""Options of every suite, and the program under test, which is a script and no package."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "ops" / "rbac")]

from stack.suite import full, pytest_addoption, pytest_collection_modifyitems, pytest_configure  # noqa: E402, F401
