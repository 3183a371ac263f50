"""Lines that are seen while the suite runs: it takes minutes, and nothing else would move."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext

import pytest

_began = time.monotonic()
_config: pytest.Config | None = None


def remember(config: pytest.Config) -> None:
    """Pytest's own capture can be lifted only through its configuration."""
    global _config
    _config = config


def say(text: str) -> None:
    """With the seconds since the start."""
    capture = _config.pluginmanager.getplugin("capturemanager") if _config else None
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        print(f"deployment: {time.monotonic() - _began:5.1f} s  {text}", file=sys.stderr, flush=True)
