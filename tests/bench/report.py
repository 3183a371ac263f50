"""What was measured, for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict, astuple
from statistics import median
from typing import Iterable

import celery_exporter
from celery_cost import GOALS, CeleryCosts, Cost
from clock import Memory
from cost import Figures
from footprint import GOAL, OURS, Footprint
from peers import PEERS
from works import Work

HEADER = ("work", "per s", "ours µs", "peer", "peer µs", "peer/ours", "floor µs", "ours/floor", "goal µs", "reached")
PROGRAMS = {peer.name: peer.program for peer in PEERS}


def cost_lines(measured: dict[Work, Figures]) -> list[str]:
    """The table; a work without figures has dashes."""
    idle = [median(figures.idle) for figures in measured.values() if figures.idle]
    return [
        "CPU time for each operation of the process, user and system, median",
        *table([HEADER, *(_cost_row(work, figures) for work, figures in measured.items())]),
        *([f"not in it: {max(idle):.0f} µs a second that the daemon costs while no probe is due"] if idle else []),
    ]


def _cost_row(work: Work, figures: Figures) -> tuple[str, ...]:
    rate, program, goal = f"{work.rate:.0f}", PROGRAMS[work.peer], f"{work.goal:.0f}" if work.goal else "-"
    if not figures.complete():
        return (work.title, rate, "-", program, "-", "-", "-", "-", goal, "not measured")
    ours, peer, floor = figures.medians()
    return (work.title, rate, f"{ours:.0f}", program, f"{peer:.0f}", f"{peer / ours:.1f}", f"{floor:.0f}",
            f"{ours / floor:.2f}", goal, reached(ours, work.goal))  # fmt: skip


def reached(value: float, goal: float | None) -> str:
    if goal is None:
        return "-"
    return "yes" if value <= goal else "no"


def memory_lines(footprint: Footprint) -> list[str]:
    sizes = ("resident", "proportional", "private", "anonymous")
    rows: list[tuple[str, ...]] = [("memory, MB", *sizes, "ratio", "goal", "reached")]
    for when, memories in (("idle", footprint.idle), ("load", footprint.load)):
        ours, together = memories[OURS], Footprint.of_peers(memories)
        goal = (f"{GOAL:.0f}", reached(ours.resident, GOAL))
        rows.append((f"{OURS}, {when}", *_sizes(ours), "", *goal))
        ratio = f"{together.resident / ours.resident:.1f}"
        rows.append((f"four exporters, {when}", *_sizes(together), ratio, "-", "-"))
        rows += [(f"  {peer.program}", *_sizes(memories[peer.program]), "", "", "") for peer in PEERS]
    return [
        "Memory with the whole stack watched: Rss, Pss, private pages, and those without a file; ratio and goal go by Rss",
        *table(rows),
        f"one of our /metrics pages with the whole stack on it: {footprint.page:.0f} µs",
    ]


def _sizes(memory: Memory) -> tuple[str, ...]:
    return tuple(f"{size:.1f}" for size in astuple(memory))


# A figure's words, its name in Cost, and the unit of the words in that of Cost.
_CELERY = (
    ("a round, ms", "wall_seconds", 1e3),
    ("CPU time of a round, µs", "cpu_seconds", 1e6),
    ("CPU time a minute, ms", "minute_cpu_seconds", 1e3),
    ("Redis commands a minute", "minute_commands", 1),
    ("resident memory, MB", "resident_mb", 1),
    ("private memory, MB", "private_mb", 1),
)


def celery_lines(costs: CeleryCosts) -> list[str]:
    """The table; who was not measured has dashes."""
    header = ("Celery", OURS, "inspect ping", "ping/ours", "celery-exporter", "exporter/ours", "goal", "reached")
    lines = [
        f"Two Celery workers asked every {costs.pace.interval:g} s; a round: one run of ours, one call, one scrape",
        *table([header, *(_celery_row(costs, *figure) for figure in _CELERY)]),
        f"celery-exporter is {celery_exporter.version()}; a round of ours is the celery probe's, all else beat's as well",
        "not in it: what the workers send in reply, and the redis probe that names the broker, as it ran once an hour",
    ]
    if beat := costs.beat:
        wall, cpu = beat.wall_seconds * 1e3, beat.cpu_seconds * 1e6
        lines.append(f"a run of our beat probe: {wall:.1f} ms, {cpu:.0f} µs of CPU time")
    return [*lines, *([f"left out: {costs.left_out}"] if costs.left_out else [])]


def _celery_row(costs: CeleryCosts, words: str, name: str, scale: float) -> tuple[str, ...]:
    row = [words, _three_digits(getattr(costs.ours, name) * scale) if costs.ours else "-"]
    for peer in (costs.inspect_ping, costs.exporter):
        row.append(_three_digits(getattr(peer, name) * scale) if peer else "-")
        row.append(_three_digits(_ratio(costs.ours, peer, name)) if costs.ours and peer else "-")
    goal = GOALS.get(name)
    verdict = reached(getattr(costs.ours, name), goal) if costs.ours else "-"
    return (*row, f"{goal * scale:.0f}" if goal else "-", verdict)


def _ratio(ours: Cost, peer: Cost, name: str) -> float:
    return getattr(peer, name) / getattr(ours, name)


def _three_digits(value: float) -> str:
    """Of a small number; a large one in full."""
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}"


def table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Columns of equal width; numbers to the right."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    number = [column > 0 and any(row[column][:1].isdigit() for row in rows[1:]) for column in range(len(widths))]

    def line(row: tuple[str, ...]) -> str:
        cells = zip(row, widths, number)
        return "  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells).rstrip()

    return [line(row) for row in rows]


def as_json(
    facts: dict[str, object], measured: dict[Work, Figures], footprint: Footprint | None, celery: CeleryCosts | None,
    problems: list[str],
) -> dict[str, object]:  # fmt: skip
    works = {work.key: _work_as_json(work, figures) for work, figures in measured.items()}
    memory = asdict(footprint) if footprint else None
    asked = _celery_as_json(celery) if celery else None
    return {"machine": facts, "works": works, "memory_mb": memory, "celery": asked, "problems": problems}


def _celery_as_json(costs: CeleryCosts) -> dict[str, object]:
    ours, peers = costs.ours, {"inspect_ping": costs.inspect_ping, "exporter": costs.exporter}
    ratios = {
        key: {name: _ratio(ours, peer, name) for _, name, _ in _CELERY} for key, peer in peers.items() if ours and peer
    }
    return asdict(costs) | {"exporter_version": celery_exporter.version(), "peer_to_ours": ratios, "goals": GOALS}


def _work_as_json(work: Work, figures: Figures) -> dict[str, object]:
    """Without figures there are no medians."""
    known = {
        "peer": PROGRAMS[work.peer],
        "goal_us": work.goal,
        "per_second": work.rate,
        "repetitions_us": asdict(figures),
    }
    if not figures.complete():
        return known
    ours, peer, floor = figures.medians()
    return known | {
        "ours_us": ours,
        "peer_us": peer,
        "floor_us": floor,
        "idle_us_per_second": median(figures.idle),
        "peer_to_ours": peer / ours,
        "ours_to_floor": ours / floor,
    }
