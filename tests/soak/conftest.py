"""Options and fixtures: one stack whose daemon looks ten times a second."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "tests" / "faults")]  # behind our own modules

from stack import suite  # noqa: E402
from stack.healthd import Healthd, Tempo  # noqa: E402
from stack.plan import Plan  # noqa: E402
from stack.receiver import Receiver  # noqa: E402
from stack.stack import Stack, new_folder  # noqa: E402
from stack.state import State  # noqa: E402
from stack.suite import binary, full, pytest_collection_modifyitems, pytest_configure  # noqa: E402, F401

SOAK = Tempo("soak", interval="100ms", timeout="100ms", retry="100ms", keep="0s", keep_max="1s", webhook=True, overrides="{}")

_report: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    suite.pytest_addoption(parser)
    parser.addoption("--seconds", type=float, help="how long (default: 60, with --full 600)")
    parser.addoption("--seed", type=int, default=20261128, help="of the faults")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _report:
        terminalreporter.section("what was measured")
        for line in _report:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def report() -> list[str]:
    """Lines for the summary."""
    return _report


@dataclass
class House:
    stack: Stack
    healthd: Healthd

    @property
    def pid(self) -> int:
        return self.stack.root(self.healthd.name).pid


@pytest.fixture(scope="session")
def house(binary: Path) -> Iterator[House]:
    folder = new_folder()
    plan = Plan.make(folder, beat_every=1, group_wait="500ms", group_interval="1s")
    state = State(folder / "state.json")
    state.create(plan)
    receiver = Receiver(plan.ports["receiver"])
    stack = Stack(plan, state)
    healthd = Healthd(plan, binary, SOAK)
    try:
        stack.start()
        stack.servers[healthd.name] = healthd
        healthd.prepare()
        stack.launch(healthd)
        yield House(stack, healthd)
    finally:
        print(f"the daemon's last words:\n{healthd.log_tail(40)}")
        stack.stop()
        receiver.close()
