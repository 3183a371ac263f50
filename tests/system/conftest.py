"""One stack with one daemon for the whole session; each test leaves it healthy."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from stack.healthd import TEST, Healthd  # noqa: E402
from stack.plan import Plan  # noqa: E402
from stack.receiver import Receiver  # noqa: E402
from stack.stack import Stack, new_folder  # noqa: E402
from stack.state import State  # noqa: E402
from stack.testing import end_as_by_ctrl_c, leave_out_long_forms  # noqa: E402

from pace import BEAT_EVERY  # noqa: E402
from views import Views  # noqa: E402

# HEALTHD_BINARY: another build, such as a sanitizer's.
BINARY = Path(os.environ.get("HEALTHD_BINARY", ROOT / "build" / "release" / "superset-healthd"))
_timings: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="the long forms: two minutes of silence instead of twenty seconds")


def pytest_configure(config: pytest.Config) -> None:
    end_as_by_ctrl_c(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out_long_forms(config, items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _timings:
        terminalreporter.section("timing")
        for line in _timings:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def binary() -> Path:
    assert BINARY.exists(), f"{BINARY} is missing: ops/dev build release"
    return BINARY


@pytest.fixture(scope="session")
def timing() -> list[str]:
    """Lines for the summary."""
    return _timings


@dataclass
class House:
    """What most tests need at once: the stack, the daemon in it, the receiver and eyes."""

    stack: Stack
    healthd: Healthd
    receiver: Receiver
    views: Views


@pytest.fixture(scope="session")
def house(binary: Path) -> Iterator[House]:
    folder = new_folder()
    plan = Plan.make(folder, beat_every=BEAT_EVERY, group_wait="500ms", group_interval="1s")
    state = State(folder / "state.json")
    state.create(plan)
    receiver = Receiver(plan.ports["receiver"])
    stack = Stack(plan, state)
    healthd = Healthd(plan, binary, TEST)
    try:
        stack.start()
        stack.servers[healthd.name] = healthd
        healthd.prepare()
        stack.launch(healthd)
        yield House(stack, healthd, receiver, Views(plan))
    finally:
        print_end_of_log(healthd)
        stack.stop()
        receiver.close()


def print_end_of_log(healthd: Healthd) -> None:
    """pytest shows it with a failure of the last test; otherwise nobody sees it."""
    if healthd.log.exists():
        print(f"the daemon's last words:\n{healthd.log_tail(40)}")
