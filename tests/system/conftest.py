"""One stack with one daemon for the whole session; each test leaves it healthy."""

from __future__ import annotations

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
from stack.suite import (  # noqa: E402, F401
    binary, full, pytest_addoption, pytest_collection_modifyitems, pytest_configure,
)  # fmt: skip

from pace import BEAT_EVERY  # noqa: E402
from views import Views  # noqa: E402

_timings: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _timings:
        terminalreporter.section("timing")
        for line in _timings:
            terminalreporter.write_line(line)


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
