"""A short life at ten times the usual pace, with faults and reloads every few seconds: nothing grows, nothing falls behind."""

from __future__ import annotations

import http.client
import os
import random
import re
import signal
import time
from contextlib import closing

import pytest

from figures import Sample, curve, growth, quantile, sample, slope
from stack.waiting import wait_until
from stack.watched import Watched as House

# What may sleep for a moment, and what may be killed and started again.
FREEZE = ("nginx", "gunicorn", "postgres", "redis", "worker")
KILL = ("nginx", "gunicorn")
MIB = 1024 * 1024


def page(house: House, path: str) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", house.stack.plan.ports["healthd"], timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
    assert answer.status == 200, f"{path}: {answer.status}"
    return text


def buckets(text: str, name: str) -> dict[float, float]:
    """Over all series of the histogram."""
    found: dict[float, float] = {}
    for bound, value in re.findall(rf'^{name}_bucket{{[^}}]*le="([^"]+)"[^}}]*}} (\S+)$', text, re.MULTILINE):
        found[float(bound)] = found.get(float(bound), 0) + float(value)
    return found


def total(text: str, name: str) -> float:
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


class Trouble:
    """Faults one after the other, and a reload of a configuration that is not quite the same between them."""

    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.random = random.Random(seed)
        self.faults = self.reloads = 0
        self.broken = ""
        self.due = time.monotonic()
        self.text = house.healthd.config_file.read_text()

    def turn(self) -> None:
        """Does what is due."""
        if time.monotonic() < self.due:
            return
        if self.broken:
            self.mend()
            self.reload()
        else:
            self.break_one()
        self.due = time.monotonic() + self.random.uniform(0.5, 2)

    def break_one(self) -> None:
        self.faults += 1
        kills = self.random.random() < 0.2
        self.broken = self.random.choice(KILL if kills else FREEZE)
        (self.house.stack.kill if kills else self.house.stack.freeze)(self.broken)

    def mend(self) -> None:
        self.house.stack.mend(self.broken)
        self.broken = ""

    def reload(self) -> None:
        """Every third file is a wrong one."""
        self.reloads += 1
        text = self.text.replace("kind: gunicorn", f"interval: {100 + self.reloads % 2 * 10}ms, kind: gunicorn")
        self.house.healthd.config_file.write_text(text + ("nonsense: 1\n" if self.reloads % 3 == 0 else ""))
        os.kill(self.house.pid, signal.SIGHUP)


def live(house: House, seconds: float, seed: int) -> tuple[Trouble, list[Sample]]:
    trouble = Trouble(house, seed)
    samples = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        trouble.turn()
        page(house, "/metrics")
        page(house, "/")
        samples.append(sample(house.pid))
        time.sleep(0.25)  # the pace of the looks, not a wait for anything
    if trouble.broken:
        trouble.mend()
    house.healthd.config_file.write_text(trouble.text)
    return trouble, samples


def all_up(house: House) -> bool:
    return "healthd_probe_state" in (text := page(house, "/metrics")) and total(text, r"healthd_probe_consecutive_failures") == 0


def test_nothing_grows_and_nothing_falls_behind(
    house: House, full: bool, request: pytest.FixtureRequest, report: list[str]
) -> None:
    seconds = request.config.getoption("--seconds") or (600 if full else 60)
    wait_until(lambda: all_up(house), 30, "all is well at first")
    trouble, samples = live(house, seconds, request.config.getoption("--seed"))
    wait_until(lambda: all_up(house), 60, "all is well at the end")
    warm = samples[len(samples) // 4 :]
    calm = [sample(house.pid) for _ in range(3)]
    text = page(house, "/metrics")
    late, lag = (buckets(text, f"healthd_{name}_seconds") for name in ("probe_start_lateness", "scheduler_lag"))
    report.append(
        f"{seconds:.0f} s, {total(text, 'healthd_probe_runs_total'):.0f} runs, {trouble.faults} faults, {trouble.reloads} reloads "
        f"(seed {request.config.getoption('--seed')})"
    )
    report.append(
        f"resident {warm[-1].resident / MIB:.1f} MiB, anonymous {warm[-1].anonymous / MIB:.1f} MiB, which grew "
        f"{growth(warm) / MIB:+.2f} MiB after the warm-up ({slope(warm) / MIB:+.1f} MiB/h by Theil-Sen); "
        f"descriptors {warm[0].descriptors} to {calm[-1].descriptors}; threads {calm[-1].threads}"
    )
    # It rises until the 200 incidents that are kept are there, after 650 seconds or so, and must not go on after them.
    report.append(f"anonymous MiB: {curve(samples)}")
    report.append(
        f"start lateness p99 {quantile(late, 0.99):g} s, loop lag p99 {quantile(lag, 0.99):g} s and p99.9 {quantile(lag, 0.999):g} s; "
        f"slots left out {total(text, 'healthd_probe_overruns_total'):.0f}; "
        f"loops begun anew {total(text, 'healthd_probe_restarts_total'):.0f}"
    )
    assert total(text, "healthd_probe_restarts_total") == 0
    assert growth(warm) < 2 * MIB
    assert calm[-1].descriptors <= max(each.descriptors for each in warm) + 2
    assert calm[-1].threads <= warm[0].threads + 2
    # Ten probes a second beside the whole stack on a small machine; what is expected of a quiet one is printed above.
    assert quantile(late, 0.99) <= 0.5
    assert quantile(lag, 0.99) <= 0.25
