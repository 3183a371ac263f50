"""Options and fixtures: the binary, and every Markdown file of the repository taken apart once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "ops")]

from check_runbooks import Page, read_page, tracked_markdown  # noqa: E402

from stack.suite import binary, full, pytest_addoption, pytest_collection_modifyitems, pytest_configure  # noqa: E402, F401


@pytest.fixture(scope="session")
def pages() -> list[Page]:
    return [read_page(file) for file in tracked_markdown(ROOT)]
