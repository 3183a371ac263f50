"""What a process takes, read from outside, and what many such readings say together."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True)
class Sample:
    at: float
    resident: int  # bytes
    anonymous: int  # the part that no file is behind: what can leak
    descriptors: int
    threads: int


def sample(pid: int) -> Sample:
    status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status") if ":" in line)
    resident, anonymous = (int(status[name].split()[0]) * 1024 for name in ("VmRSS", "RssAnon"))
    return Sample(time.monotonic(), resident, anonymous, len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"]))


def slope(samples: list[Sample]) -> float:
    """Bytes an hour by Theil and Sen: the median over all pairs, which a few jumps do not move."""
    thinned = samples[:: max(1, len(samples) // 200)]
    pairs = [(b.anonymous - a.anonymous) / (b.at - a.at) for a, b in combinations(thinned, 2) if b.at > a.at]
    return statistics.median(pairs) * 3600 if pairs else 0.0


def growth(samples: list[Sample]) -> float:
    """Bytes between the first and the last quarter, each by its median."""
    quarter = max(1, len(samples) // 4)
    first, last = (statistics.median(s.anonymous for s in part) for part in (samples[:quarter], samples[-quarter:]))
    return last - first


def curve(samples: list[Sample], points: int = 10) -> str:
    """MiB at so many moments, the last one included: whether it flattens."""
    shown = [samples[(len(samples) - 1) * point // points] for point in range(points + 1)]
    return ", ".join(f"{s.at - samples[0].at:.0f} s {s.anonymous / 1024**2:.2f}" for s in shown)


def quantile(buckets: dict[float, float], share: float) -> float:
    """The bound of the histogram's bucket that holds the quantile; infinity where it is in the last one."""
    bounds = sorted(buckets)
    total = buckets[bounds[-1]]
    return next((bound for bound in bounds if buckets[bound] >= share * total), float("inf"))
