"""What a process has cost so far: CPU time to the nanosecond, and memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

# The kernel's number for "all that the process has run, user and system": see clock_getcpuclockid(3). The clock ticks
# of /proc/PID/stat are 10 ms long, which is a hundred probes.
_SCHEDULED = 2


def cpu_seconds(pid: int) -> float:
    """Of all threads, those that have ended too. Raises OSError when there is no such process."""
    return time.clock_gettime((~pid << 3) | _SCHEDULED)


@dataclass(frozen=True)
class Memory:
    """Megabytes (10^6). `proportional` divides shared pages among their users, `private` leaves them out. `anonymous`
    is what no file is behind: heap, stacks and what the loader wrote into libraries; the rest are mapped programs."""

    resident: float
    proportional: float
    private: float
    anonymous: float

    def __add__(self, other: Memory) -> Memory:
        return Memory(
            self.resident + other.resident, self.proportional + other.proportional, self.private + other.private,
            self.anonymous + other.anonymous,
        )  # fmt: skip

    def highest(self, other: Memory) -> Memory:
        return max(self, other, key=lambda memory: memory.resident)


NOTHING = Memory(0, 0, 0, 0)


def memory(pid: int) -> Memory:
    """As /proc/PID/smaps_rollup has it now. Raises OSError when there is no such process."""
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, size = line.split()[:2]
        sizes[name.rstrip(":")] = int(size) * 1024 / 1e6
    return Memory(
        sizes["Rss"], sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"], sizes["Anonymous"]
    )
