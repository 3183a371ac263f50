"""What must hold in every row: deadlines, no harm to other probes, nothing leaked, no secret told, an orderly end."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from stack.waiting import TimedOut, wait_until

from daemon import STOP_SECONDS, Metrics, Run

if TYPE_CHECKING:
    from row import Watch

DEADLINE_SLACK = 0.25
MOST_MEMORY = 8 * 1024 * 1024
MOST_DESCRIPTORS = 2
MOST_THREADS = 2
# A start later than this is late. One may be the machine's fault; a loop that blocks is late in every run.
LATE_BUCKET = "0.2"
MOST_LATE = 1
_REPORT = re.compile(r"^.*(?:(?:Address|Leak|Thread|Memory)Sanitizer|runtime error:).*$", re.MULTILINE)


@dataclass(frozen=True)
class Baseline:
    """The daemon before the fault."""

    descriptors: int
    threads: int
    resident: int
    metrics: Metrics

    @staticmethod
    def take(watch: Watch, to_come: int = 0) -> Baseline:
        """`to_come`: connections that the daemon will hold once what fails from the start has recovered."""
        daemon = watch.daemon
        daemon.page("/")
        metrics = daemon.metrics()
        descriptors = 0
        end = time.monotonic() + 0.3  # long enough to see the connections that come and go
        while time.monotonic() < end:
            descriptors = max(descriptors, daemon.descriptors())
            time.sleep(0.01)
        watch.watcher.peak_resident = 0
        return Baseline(descriptors + to_come, daemon.threads(), daemon.resident(), metrics)


def check(watch: Watch, secret: str) -> None:
    """Everything, and then the daemon's end."""
    assert watch.baseline
    check_nothing_leaked(watch)
    after = watch.daemon.metrics()
    pages = [watch.daemon.page(path) for path in ("/", "/metrics", "/api/v1/status", "/api/v1/alerts")]
    watch.watcher.stop()
    check_deadlines(watch)
    check_others(watch, after)
    code, took = watch.daemon.stop()
    assert (code, took < STOP_SECONDS) == (0, True), f"it ended with {code} after {took:.1f} s"
    log = watch.daemon.log_text()
    reports = _REPORT.findall(log)
    assert not reports, f"a sanitizer reports: {reports}"
    assert not watch.watcher.secret_seen, "the password is in a status page"
    assert not any(secret in page for page in pages), "the password is in a page"
    assert secret not in log, "the password is in the log"


def check_counted(after: Metrics, seen: list[Run], found: list[Run], phase: str | None) -> None:
    """The metrics know all runs of a probe that were seen before, and reasons come from the closed set."""
    probe = seen[-1].probe
    known = {labels["reason"] for labels, _ in after.all("healthd_probe_failures_total", probe=probe)} | {"none"}
    for run in found:
        assert run.reason in known, f"{run.reason} is not in the closed set"
    counted = after.value("healthd_probe_runs_total", probe=probe) or 0
    assert counted >= len(seen), f"{counted} runs were counted, and {len(seen)} seen"
    for reason in {run.reason for run in found if run.status == "down"}:
        failures = sum(run.status == "down" and run.reason == reason for run in seen)
        counted = after.value("healthd_probe_failures_total", probe=probe, reason=reason) or 0
        assert counted >= failures, f"{counted} failures were counted for {reason}, and {failures} seen"
    if phase:
        by_phase = {labels["phase"]: value for labels, value in after.all("healthd_probe_timeouts_total", probe=probe)}
        assert by_phase.get(phase), f"no deadline was met in {phase}: {by_phase}"


def check_deadlines(watch: Watch) -> None:
    """Of every run that was seen, the controls' included."""
    for run in watch.watcher.all_runs():
        limit = run.json["timeout_seconds"] + DEADLINE_SLACK
        assert run.seconds <= limit, f"a run of {run.probe} took {run.seconds:.3f} s, at most {limit:.3f} s: {run}"


def check_others(watch: Watch, after: Metrics) -> None:
    assert watch.baseline
    before = watch.baseline.metrics

    def rise(name: str, **labels: str) -> float:
        return (after.value(name, **labels) or 0) - (before.value(name, **labels) or 0)

    def late(name: str, **labels: str) -> float:
        return rise(f"{name}_count", **labels) - rise(f"{name}_bucket", le=LATE_BUCKET, **labels)

    for probe in watch.controls:
        states = [str(run) for run in watch.runs(probe) if run.status != "up"]
        assert not states, f"{probe} has nothing to do with the fault: {states}"
        assert rise("healthd_probe_runs_total", probe=probe) > 0, f"{probe} did not run any more"
        assert rise("healthd_probe_overruns_total", probe=probe) == 0, f"{probe} left slots out"
        assert late("healthd_probe_start_lateness_seconds", probe=probe) <= MOST_LATE, f"{probe} began late"
    assert late("healthd_scheduler_lag_seconds") <= MOST_LATE, "something blocked the loop"
    accused = {alert for alert in watch.watcher.alerts if alert[1] in watch.controls}
    assert not accused, f"innocent: {accused}"


def check_nothing_leaked(watch: Watch) -> None:
    daemon, baseline = watch.daemon, watch.baseline
    assert baseline
    timeout = max(run.json["timeout_seconds"] for run in watch.watcher.all_runs())
    most = baseline.descriptors + MOST_DESCRIPTORS
    try:
        wait_until(lambda: daemon.descriptors() <= most, 2 * timeout, "as few descriptors as before", step=0.02)
    except TimedOut:
        raise AssertionError(f"{daemon.descriptors()} descriptors, {baseline.descriptors} before the fault") from None
    wait_until(lambda: daemon.threads() <= baseline.threads + MOST_THREADS, 2 * timeout, "as few threads as before")
    risen = watch.watcher.peak_resident - baseline.resident
    if not sanitized(Path(f"/proc/{daemon.pid}/exe").resolve()):
        assert risen < MOST_MEMORY, f"memory rose by {risen / 1024 / 1024:.1f} MiB"


@lru_cache
def sanitized(binary: Path) -> bool:
    """A sanitizer keeps freed memory for a while on purpose."""
    return re.search(rb"__[at]san_init|__ubsan_handle", binary.read_bytes()) is not None
