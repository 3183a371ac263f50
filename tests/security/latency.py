"""How long /metrics takes while something else goes on, beside how long it takes while nothing does."""

from __future__ import annotations

import statistics
import threading
import time
from contextlib import contextmanager
from typing import Iterator

from place import Place

# The machine of the tests is small and shared: what is bounded is the slowdown, with room for a hiccup.
RATIO = 30.0
HICCUP = 0.5
# All clients have one address here, so a hiccup of this machine may cost one its place. A scraper asks again.
LOST = 0.02


class Sampler:
    """Asks for /metrics on a new connection again and again, until stopped."""

    def __init__(self, place: Place, fields: str = "", every: float = 0.02) -> None:
        self.seconds: list[float] = []
        self.failures: list[str] = []
        self._place, self._fields, self._every = place, fields, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            begin = time.monotonic()
            try:
                answer = self._place.get("/metrics", fields=self._fields)
            except OSError as error:
                self.failures.append(repr(error))
                continue
            self.seconds.append(time.monotonic() - begin)
            if answer.status != 200 or b"healthd_build_info" not in answer.body:
                self.failures.append(repr(answer.raw[:200]))

    @contextmanager
    def running(self) -> Iterator[Sampler]:
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()

    @property
    def p99(self) -> float:
        assert len(self.seconds) > 20, f"only {len(self.seconds)} answers"
        return statistics.quantiles(self.seconds, n=100)[-1]


def idle_p99(place: Place, fields: str = "", seconds: float = 1.5) -> float:
    sampler = Sampler(place, fields)
    with sampler.running():
        time.sleep(seconds)  # what is measured is the time itself
    assert not sampler.failures, sampler.failures[:3]
    return sampler.p99


def check(what: str, sampler: Sampler, idle: float) -> None:
    """Next to nothing failed, and the slowest hundredth is not much slower than without it all."""
    p99 = sampler.p99
    print(f"{what}: /metrics p99 {p99 * 1000:.1f} ms, idle {idle * 1000:.1f} ms, {len(sampler.seconds)} answers")
    lost = len(sampler.failures) / len(sampler.seconds)
    assert lost <= LOST, f"{what}: {len(sampler.failures)} failed, such as {sampler.failures[:3]}"
    assert p99 <= max(RATIO * idle, HICCUP), f"{what}: p99 {p99:.3f} s, idle {idle:.3f} s"
