"""Fixtures of the fault rows: `bench` on the machine's loopback, `island` in a network of its own."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fixtures import *  # noqa: E402, F403
