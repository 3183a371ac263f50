"""superset-healthd itself: is what the other dashboards show fresh and complete, and what does it cost."""

from __future__ import annotations

from board import GOOD_OR_BAD, Board, Row, lines, number, table, timeline
from common import CHECKS
from queries import age, brackets, gauge, growth, lowest, quantiles, share, total_rate


def own(metric: str) -> str:
    """Every program has process_* metrics; only those of a daemon of ours are meant."""
    return f"max by (instance) ({metric} and on (job, instance) healthd_build_info{{-}})"


PROGRAM = Row("The program", (
    table("Version", "Of each daemon. Two daemons may watch one stack.",
          gauge("healthd_build_info", by="instance, version, revision, compiler", own=True)),
    number("Running for", "s", "Since its start.", (f"time() - {own('process_start_time_seconds{-}')}", "{{instance}}"),
           width=5, height=7),
    number("Configuration is good", "none",
           "Whether the last attempt to read it succeeded. If not, the last good one is in use.",
           lowest("healthd_config_last_reload_successful", by="instance", own=True), mapping=GOOD_OR_BAD, width=6,
           height=7),
    number("Configuration read", "s", "How long ago, with success.",
           age("healthd_config_last_reload_success_timestamp_seconds", by="instance", own=True), width=5, height=7),
    lines("Processor time", "percentunit", "Of one processor.",
          (own("rate(process_cpu_seconds_total{-}[$__rate_interval])"), "{{instance}}")),
    lines("Memory", "bytes", "Resident.", (own("process_resident_memory_bytes{-}"), "{{instance}}")),
    lines("File descriptors", "none", "Open, and how many may be. A number that only grows is a leak.",
          (own("process_open_fds{-}"), "{{instance}} open"), (own("process_max_fds{-}"), "{{instance}} limit")),
    lines("Scheduler lag", "s",
          "How long after its time a timer of the event loop fired. Above a second the daemon cannot keep up.",
          *quantiles("healthd_scheduler_lag_seconds", "instance", own=True, levels=(0.5, 0.99)), width=12),
    lines("Own web server", "reqps", "Requests by page and status code, scrapes included.",
          total_rate("healthd_http_requests_total", by="handler, code", own=True), width=12),
))  # fmt: skip

PROBES = Row("Its probes", (
    table("Targets", "What each probe looks at, and how.",
          gauge("healthd_probe_info", by="stack, probe, component, kind, target"), width=16),
    lines("Since the last run, in intervals", "none",
          "Above about three the probe is stale, and so is what is shown of it.",
          share(brackets(age("healthd_probe_last_run_timestamp_seconds")), gauge("healthd_probe_interval_seconds"))),
    lines("Runs", "ops", "Finished runs of each probe.", total_rate("healthd_probe_runs_total")),
    lines("Late starts", "s", "How long after its slot a run began; a tenth began later than this.",
          *quantiles("healthd_probe_start_lateness_seconds", levels=(0.9,))),
    lines("Overruns", "short", "Slots left out because the run before was still going on.",
          growth("healthd_probe_overruns_total")),
    lines("Loops begun anew", "short", "A probe's own loop had ended or hung by a fault of the daemon. Always zero.",
          growth("healthd_probe_restarts_total")),
    lines("Share of the timeout", "percentunit",
          "The last run by its deadline. Near 1 a slow target soon counts as a failure.",
          share(gauge("healthd_probe_last_duration_seconds"), gauge("healthd_probe_timeout_seconds"))),
    lines("Since the last success", "s", "Of each probe.", age("healthd_probe_last_success_timestamp_seconds")),
    lines("Statsd in a flood", "cps",
          "Datagrams that were dropped because they came too fast; only where statsd is configured.",
          total_rate("healthd_statsd_packets_total", only='outcome="dropped"')),
))  # fmt: skip

DATA = Row("Its data", (
    timeline("Collectors", "Groups of statistics that are read from servers. One that failed leaves panels empty.",
             lowest("healthd_collector_success", by="stack, probe, collector"), CHECKS, width=12),
    lines("Duration of the collectors", "s", "Of the last run: what we cost the server.",
          gauge("healthd_collector_duration_seconds", by="stack, probe, collector"), width=12),
    lines("Since each collector's success", "s", "Some run only every few minutes.",
          age("healthd_collector_last_success_timestamp_seconds", by="stack, probe, collector")),
    lines("Dropped series", "short",
          "Refused beyond a cap, sent twice, or unknown. Anything here is a bug or a very large stack.",
          growth("healthd_dropped_series_total", by="metric", own=True)),
    lines("Log lines", "short", "By level.", growth("healthd_log_messages_total", by="level", own=True)),
))  # fmt: skip

BOARD = Board(
    "superset-daemon", "Superset Stack / superset-healthd",
    "Is the daemon well, is what the other dashboards show fresh and complete, and what does it cost?",
    (PROGRAM, PROBES, DATA),
)  # fmt: skip
