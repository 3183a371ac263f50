"""The fixtures of tests/faults, whose rows these are, with Celery's parts in them."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "faults")]

from fixtures import *  # noqa: E402, F403
