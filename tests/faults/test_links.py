"""Faults of what passes: late, slow, in pieces, wrong, or ended too early (N8 to N10)."""

from __future__ import annotations

import pytest

from row import Bench
from targets import TARGETS, Three, each_target, through_a_gate

# --- N8 to N10: a bad connection ----------------------------------------------------------------------------------------


def test_n8_packets_are_lost_now_and_then(island: Bench) -> None:
    """One in twenty. Each loss costs the kernel up to a second, and no probe may be called down for that."""
    three = Three(island, interval="1300ms", timeout="1250ms", retry_interval="200ms")
    with island.watch(*three.probes) as watch:
        watch.healthy()
        for way in ("dport", "sport"):
            island.network.rule(f"tcp {way} {three.ports} numgen inc mod 20 == 0 drop")
        runs = watch.await_runs(3, TARGETS)
        assert {run.json["state"] for run in runs} == {"up"}, "the damped state never changed"
        assert not watch.watcher.alerts
        island.network.clear()
        watch.expect("up", runs=1, probe=TARGETS)


def test_n9_a_slow_link_is_not_an_outage(bench: Bench) -> None:
    gate, probe = through_a_gate(bench, "web")
    with bench.watch(probe) as watch:
        watch.healthy()
        gate.limit(2000)
        runs = watch.stays("up")
        assert min(run.seconds for run in runs[1:]) > 0.03, "the link was slow"
        gate.pass_on()
        watch.recovers()


@pytest.mark.parametrize("target", ["nginx", "gunicorn"])
def test_n9_a_slow_link_is_called_slow_where_that_is_asked_for(bench: Bench, target: str) -> None:
    gate, probe = through_a_gate(bench, target, slow_after="60ms")
    with bench.watch(probe) as watch:
        watch.healthy()
        gate.delay(0.15, "down")
        watch.expect("degraded", "slow")
        gate.pass_on()
        watch.recovers()


@each_target
def test_n10_answers_in_single_bytes_are_understood(bench: Bench, target: str) -> None:
    gate, probe = through_a_gate(bench, target)
    gate.split()
    with bench.watch(probe) as watch:
        watch.healthy()
        watch.stays("up")


@each_target
def test_n10_a_dripping_answer_does_not_stretch_the_deadline(bench: Bench, target: str) -> None:
    """Each byte comes in time, the answer does not."""
    gate, probe = through_a_gate(bench, target)
    with bench.watch(probe) as watch:
        watch.healthy()
        gate.drip(every=0.1)
        watch.expect("down", "timeout")
        gate.pass_on()
        watch.recovers()


# --- wrong bytes, and an end too early ----------------------------------------------------------------------------------


@each_target
def test_corrupt_bytes_at_the_head_of_an_answer(bench: Bench, target: str) -> None:
    gate, probe = through_a_gate(bench, target)
    with bench.watch(probe) as watch:
        watch.healthy()
        gate.corrupt(at=range(8))
        watch.expect("down", "protocol")
        gate.pass_on()
        watch.recovers()


@each_target
def test_the_server_closes_before_it_answers(bench: Bench, target: str) -> None:
    gate, probe = through_a_gate(bench, target)
    with bench.watch(probe) as watch:
        watch.healthy()
        gate.half_close()
        watch.expect("down", "reset")
        gate.pass_on()
        watch.recovers()


# HTTP has a word for it: the head announced more than came.
@pytest.mark.parametrize(
    "target, after, reason", [("web", 40, "protocol"), ("redis", 10, "reset"), ("postgres", 8, "reset")], ids=TARGETS
)
def test_the_server_closes_in_the_middle_of_an_answer(bench: Bench, target: str, after: int, reason: str) -> None:
    gate, probe = through_a_gate(bench, target)
    with bench.watch(probe) as watch:
        watch.healthy()
        gate.cut(after, by="fin")
        watch.expect("down", reason)
        gate.pass_on()
        watch.recovers()
