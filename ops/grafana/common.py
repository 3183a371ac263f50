"""Queries that several dashboards ask in the same way."""

from __future__ import annotations

from board import BLUE, GREEN, GREY, RED, YELLOW, Panel, lines, timeline

# The worst has the highest number, see board.codes().
STATES = ((0, "up", GREEN), (1, "suppressed", BLUE), (2, "unknown", GREY), (3, "degraded", YELLOW), (4, "down", RED))
CHECKS = ((0, "failed", RED), (1, "good", GREEN))


def quantiles(histogram: str, matchers: str, labels: str, legend: str, levels: tuple[float, ...] = (0.5, 0.9, 0.99)) -> list[tuple[str, str]]:
    """Where nothing was observed there is no line, rather than NaN."""
    buckets = f"sum by (le, {labels}) (rate({histogram}_bucket{matchers}[$__rate_interval]))"
    count = f"sum by ({labels}) (rate({histogram}_count{matchers}[$__rate_interval])) > 0"
    return [(f"histogram_quantile({level:g}, {buckets}) and on ({labels}) {count}", f"{legend} p{100 * level:g}") for level in levels]


def checks(component: str, what: str) -> Panel:
    """The single checks of a component's probes. A component may be a pattern here and below."""
    return timeline(
        "Checks", f"Each check of {what}. The probe is down only when its main check fails; another one makes it degraded.",
        (f'min by (stack, probe, check) (healthd_probe_check_success{{*, component=~"{component}"}})', "{{stack}} {{probe}} {{check}}"),
        CHECKS, width=16,
    )  # fmt: skip


def failures(component: str, width: int = 8) -> Panel:
    return lines(
        "Failures by reason", "short", "Failed runs of the probes, by the reason; nothing while all is well. The runbooks explain each reason.",
        (f'sum by (stack, probe, reason) (increase(healthd_probe_failures_total{{*, component=~"{component}"}}[$__rate_interval])) > 0',
         "{{stack}} {{probe}} {{reason}}"), width=width,
    )  # fmt: skip


def took(component: str, width: int = 8) -> Panel:
    """How long the probes' runs took."""
    return lines(
        "Duration of the probes", "s", "How long each run took, connecting included, failed runs included.",
        *quantiles("healthd_probe_duration_seconds", f'{{*, component=~"{component}"}}', "stack, probe", "{{stack}} {{probe}}"), width=width,
    )  # fmt: skip


def phases(component: str) -> Panel:
    return lines(
        "Phases of the last run", "s", "Where the time goes: resolve, connect, tls, auth, request, first_byte, transfer.",
        (f'max by (stack, probe, phase) (healthd_probe_phase_duration_seconds{{*, component=~"{component}"}})',
         "{{stack}} {{probe}} {{phase}}"), stacked=True,
    )  # fmt: skip
