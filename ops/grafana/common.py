"""Panels that several dashboards have."""

from __future__ import annotations

from board import BLUE, GREEN, GREY, RED, YELLOW, Panel, lines, number, timeline
from queries import codes, gauge, happened, lowest, quantiles

# The worst has the highest number, see queries.codes().
STATES = ((0, "up", GREEN), (1, "suppressed", BLUE), (2, "unknown", GREY), (3, "degraded", YELLOW), (4, "down", RED))
CHECKS = ((0, "failed", RED), (1, "good", GREEN))


def checks(component: str, what: str) -> Panel:
    """The single checks of a component's probes. A component may be a pattern here and below."""
    return timeline(
        "Checks",
        f"Each check of {what}. The probe is down only when its main check fails; another one makes it degraded.",
        lowest("healthd_probe_check_success", by="stack, probe, check", only=f'component=~"{component}"'),
        CHECKS, width=16,
    )  # fmt: skip


def failures(component: str, width: int = 8) -> Panel:
    return lines(
        "Failures by reason", "short",
        "Failed runs of the probes, by the reason; nothing while all is well. The runbooks explain each reason.",
        happened("healthd_probe_failures_total", "stack, probe, reason", f'component=~"{component}"'), width=width,
    )  # fmt: skip


def took(component: str, width: int = 8) -> Panel:
    """How long the probes' runs took."""
    return lines(
        "Duration of the probes", "s", "How long each run took, connecting included, failed runs included.",
        *quantiles("healthd_probe_duration_seconds", only=f'component=~"{component}"'), width=width,
    )  # fmt: skip


def phases(component: str) -> Panel:
    return lines(
        "Phases of the last run", "s",
        "Where the time goes: resolve, connect, tls, auth, request, first_byte, transfer.",
        gauge("healthd_probe_phase_duration_seconds", by="stack, probe, phase", only=f'component=~"{component}"'),
        stacked=True,
    )  # fmt: skip
