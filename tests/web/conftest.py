"""Options and fixtures: the small stack, a browser, and a page that notes every error and every request."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "tests" / "delivery"), str(ROOT / "tests" / "faults")]

from stack import suite  # noqa: E402
from stack.suite import binary, full, pytest_addoption, pytest_configure  # noqa: E402, F401

import tools  # noqa: E402
from small_stack import SmallStack  # noqa: E402
from visit import Visit  # noqa: E402


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """HEALTHD_NO_BROWSER leaves the browser's tests out of the short run."""
    suite.pytest_collection_modifyitems(config, items)
    if config.getoption("--full") or not os.environ.get("HEALTHD_NO_BROWSER"):
        return
    left_out = [item for item in items if "visit" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def stack(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallStack]:
    made = SmallStack(binary, tmp_path_factory.mktemp("stack"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def mended(stack: SmallStack) -> Iterator[None]:
    """Whatever a test breaks is whole again for the next one."""
    yield
    stack.resume()
    stack.house.targets[0].turn(True)


@pytest.fixture(scope="session")
def browser(full: bool) -> Iterator[Any]:
    """The short run does without it where PyPI and npm cannot be reached, and says so; the long one fails then."""
    try:
        sync_api, chromium = tools.playwright(), tools.chromium()
        tools.axe()
    except pytest.fail.Exception as missing:
        if full:
            raise
        pytest.skip(f"no browser here: {missing}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, stack: SmallStack) -> Iterator[Callable[..., Visit]]:
    """`visit(path, …)` opens a page in a context of its own. After the test no page may have complained."""
    visits: list[Visit] = []

    def open_page(path: str = "/", **context: Any) -> Visit:
        visits.append(Visit(browser, stack.url, path, **context))
        return visits[-1]

    yield open_page
    for each in visits:
        each.close()
    for each in visits:
        each.verify()
