"""Which Celery runs, as its own Python says: some behave differently."""

from __future__ import annotations

import subprocess
from functools import cache

from servers_of_celery import PYTHON

ASK = "import celery, kombu, redis; print(celery.__version__, kombu.__version__, redis.__version__)"


@cache
def versions() -> list[tuple[int, ...]]:
    """Of celery, kombu and redis-py."""
    # In another folder than this one, whose name is Celery's as well.
    words = subprocess.run([PYTHON, "-B", "-c", ASK], cwd="/", capture_output=True, text=True, check=True).stdout.split()
    return [tuple(int(part) for part in word.split(".")[:2]) for word in words]


def comes_back_from_a_restart() -> bool:
    """Before kombu 5.4 a worker may send heartbeats after its broker's restart and consume nothing for ever."""
    return versions()[1] >= (5, 4)
