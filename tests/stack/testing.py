"""What every pytest suite of ours wants of pytest."""

from __future__ import annotations

import signal
from types import FrameType

import pytest


def end_as_by_ctrl_c(config: pytest.Config) -> None:
    """SIGTERM and SIGHUP end pytest so that its fixtures stop their servers."""

    def stop(number: int, _: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    config.addinivalue_line("markers", "full: a long form, run with --full only")


def leave_out_long_forms(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Left out of the short run, not skipped: a skipped test counts as failed."""
    if config.getoption("--full"):
        return
    long = [item for item in items if item.get_closest_marker("full")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]
