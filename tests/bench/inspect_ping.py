"""`celery inspect ping`, one process for each call, as a container's health check or a cron job starts it."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass

from stack.celery_servers import Worker

import clock
import wire
from clock import Memory

LONGEST = 30  # seconds
# How often memory is looked at, and so how exactly the end is known.
STEP = 0.01


@dataclass(frozen=True)
class Call:
    """In seconds; memory as it was when it was highest."""

    wall: float
    cpu: float
    memory: Memory


def call(worker: Worker, expected: int) -> Call:
    """With the application of that worker. Raises Unexpected unless so many workers answer."""
    said = worker.room / "inspect-ping.log"
    began = time.monotonic()
    with said.open("wb") as out:
        child = subprocess.Popen(
            ["/usr/bin/python3", "-m", "celery", "-A", "tasks", "inspect", "ping"],
            cwd=worker.room, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **worker.environment()},
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        cpu, memory = _watch(child)
        took = time.monotonic() - began
    finally:
        child.kill()  # does nothing where it has ended
        child.wait()
    answer = said.read_text(errors="replace")
    if child.returncode != 0 or f"{expected} nodes online" not in answer:
        raise wire.Unexpected(f"celery inspect ping ended with {child.returncode}: {' '.join(answer.split())[-200:]}")
    return Call(took, cpu, memory)


def _watch(child: subprocess.Popen[bytes]) -> tuple[float, Memory]:
    """Until it ends. What the kernel calls its largest size would be that of our own process, if that is larger."""
    most, end = clock.NOTHING, time.monotonic() + LONGEST
    while True:
        ended, status, usage = os.wait4(child.pid, os.WNOHANG)
        if ended:
            child.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_utime + usage.ru_stime, most
        if time.monotonic() > end:
            raise wire.Unexpected(f"celery inspect ping goes on after {LONGEST} s")
        with suppress(OSError, KeyError):  # it ends just now
            most = most.highest(clock.memory(child.pid))
        time.sleep(STEP)
