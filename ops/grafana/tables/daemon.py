"""superset-healthd itself: is what the other dashboards show fresh and complete, and what does it cost."""

from __future__ import annotations

from board import GOOD_OR_BAD, Board, Row, lines, number, table, timeline
from common import CHECKS, quantiles

HOST = "{{instance}}"
PROBE = "{{stack}} {{probe}}"


def own(metric: str) -> str:
    """Every program has process_* metrics; only those of a daemon of ours are meant."""
    return f"max by (instance) ({metric} and on (job, instance) healthd_build_info{{-}})"


PROGRAM = Row("The program", (
    table("Version", "Of each daemon. Two daemons may watch one stack.",
          "max by (instance, version, revision, compiler) (healthd_build_info{-})"),
    number("Running for", "s", "Since its start.", (f"time() - {own('process_start_time_seconds{-}')}", HOST), width=5, height=7),
    number("Configuration is good", "none", "Whether the last attempt to read it succeeded. If not, the last good one is in use.",
           ("min by (instance) (healthd_config_last_reload_successful{-})", HOST), mapping=GOOD_OR_BAD, width=6, height=7),
    number("Configuration read", "s", "How long ago, with success.",
           ("time() - max by (instance) (healthd_config_last_reload_success_timestamp_seconds{-})", HOST), width=5, height=7),
    lines("Processor time", "percentunit", "Of one processor.", (own("rate(process_cpu_seconds_total{-}[$__rate_interval])"), HOST)),
    lines("Memory", "bytes", "Resident.", (own("process_resident_memory_bytes{-}"), HOST)),
    lines("File descriptors", "none", "Open, and how many may be. A number that only grows is a leak.",
          (own("process_open_fds{-}"), HOST + " open"), (own("process_max_fds{-}"), HOST + " limit")),
    lines("Scheduler lag", "s", "How long after its time a timer of the event loop fired. Above a second the daemon cannot keep up.",
          *quantiles("healthd_scheduler_lag_seconds", "{-}", "instance", HOST, (0.5, 0.99)), width=12),
    lines("Own web server", "reqps", "Requests by page and status code, scrapes included.",
          ("sum by (handler, code) (rate(healthd_http_requests_total{-}[$__rate_interval]))", "{{handler}} {{code}}"), width=12),
))  # fmt: skip

PROBES = Row("Its probes", (
    table("Targets", "What each probe looks at, and how.",
          "max by (stack, probe, component, kind, target) (healthd_probe_info{*})", width=16),
    lines("Since the last run, in intervals", "none", "Above about three the probe is stale, and so is what is shown of it.",
          ("(time() - max by (stack, probe) (healthd_probe_last_run_timestamp_seconds{*})) "
           "/ max by (stack, probe) (healthd_probe_interval_seconds{*})", PROBE)),
    lines("Runs", "ops", "Finished runs of each probe.",
          ("sum by (stack, probe) (rate(healthd_probe_runs_total{*}[$__rate_interval]))", PROBE)),
    lines("Late starts", "s", "How long after its slot a run began; a tenth began later than this.",
          *quantiles("healthd_probe_start_lateness_seconds", "{*}", "stack, probe", PROBE, (0.9,))),
    lines("Overruns", "short", "Slots left out because the run before was still going on.",
          ("sum by (stack, probe) (increase(healthd_probe_overruns_total{*}[$__rate_interval]))", PROBE)),
    lines("Share of the timeout", "percentunit", "The last run by its deadline. Near 1 a slow target soon counts as a failure.",
          ("max by (stack, probe) (healthd_probe_last_duration_seconds{*}) / max by (stack, probe) (healthd_probe_timeout_seconds{*})",
           PROBE)),
    lines("Since the last success", "s", "Of each probe.",
          ("time() - max by (stack, probe) (healthd_probe_last_success_timestamp_seconds{*})", PROBE)),
    lines("Statsd in a flood", "cps", "Datagrams that were dropped because they came too fast; only where statsd is configured.",
          ('sum by (stack, probe) (rate(healthd_statsd_packets_total{*, outcome="dropped"}[$__rate_interval]))', PROBE)),
))  # fmt: skip

DATA = Row("Its data", (
    timeline("Collectors", "Groups of statistics that are read from servers. One that failed leaves panels empty.",
             ("min by (stack, probe, collector) (healthd_collector_success{*})", PROBE + " {{collector}}"), CHECKS, width=12),
    lines("Duration of the collectors", "s", "Of the last run: what we cost the server.",
          ("max by (stack, probe, collector) (healthd_collector_duration_seconds{*})", PROBE + " {{collector}}"), width=12),
    lines("Since each collector's success", "s", "Some run only every few minutes.",
          ("time() - max by (stack, probe, collector) (healthd_collector_last_success_timestamp_seconds{*})", PROBE + " {{collector}}")),
    lines("Dropped series", "short", "Refused beyond a cap, sent twice, or unknown. Anything here is a bug or a very large stack.",
          ("sum by (metric) (increase(healthd_dropped_series_total{-}[$__rate_interval]))", "{{metric}}")),
    lines("Log lines", "short", "By level.",
          ("sum by (level) (increase(healthd_log_messages_total{-}[$__rate_interval]))", "{{level}}")),
))  # fmt: skip

BOARD = Board(
    "superset-daemon", "Superset Stack / superset-healthd",
    "Is the daemon well, is what the other dashboards show fresh and complete, and what does it cost?",
    (PROGRAM, PROBES, DATA),
)  # fmt: skip
