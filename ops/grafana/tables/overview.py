"""Is it us or them, and which part: the whole stack from the edge to Beat."""

from __future__ import annotations

from board import NONE, RED, Board, Row, lines, number, table, timeline
from common import STATES
from queries import age, codes, gauge, happened, in_all, largest, minus, quantiles, rate, total_rate, until


def well(check: str) -> str:
    """The share of looks in the time range at which a check of the edge was good."""
    checks = f'healthd_probe_check_success{{*, component="nginx", check="{check}"}}'
    return f"min by (stack, probe) (avg_over_time({checks}[$__range]))"


# The check `upstream` exists only where nginx answered, so that the shares multiply.
SERVED = f"{well('https')} * {well('upstream')} or {well('https')}"
GOOD_RUNS = "min by (stack, probe) (avg_over_time(healthd_probe_success{*}[$__rate_interval]))", "{{stack}} {{probe}}"

NOW = Row("Now", (
    timeline("State of the parts",
             "The damped state of each part, as the alerts see it. Suppressed: a part that it depends on explains it.",
             codes("healthd_component_state", "stack, component", STATES), STATES, width=12, height=8),
    number("Firing alerts", "none",
           "Alerts that fire now, by severity; the watchdog is left out. Of several daemons, the one with the most.",
           gauge("healthd_alerts", by="severity", only='state="firing", severity!="none"', own=True), mapping=NONE,
           otherwise=RED, height=8),
    table("Why", "The reason of each probe and check that is not up now; empty while all is well.",
          gauge("healthd_probe_reason", by="stack, probe, check, reason"), height=8),
))  # fmt: skip

EDGE = Row("Edge: nginx and TLS", (
    number("Served at the edge", "percentunit",
           "Share of the looks through the proxy in the time range that got an answer of Superset; a 502 of nginx is "
           "none.", (SERVED, "{{stack}} {{probe}}"), decimals=2),
    number("Certificate lifetime left", "s", "Until the certificate that nginx serves expires.",
           until("healthd_tls_leaf_not_after_timestamp_seconds")),
    lines("Answers to our looks", "cps", "By class of status code; none: nothing came.",
          total_rate("healthd_http_responses_total", by="code_class", only='component="nginx"'), stacked=True,
          height=5),
    lines("Requests at nginx", "reqps", "All requests that nginx served, ours included.",
          rate("healthd_nginx_http_requests_total"), height=5),
))  # fmt: skip

WEB = Row("Web: Gunicorn and Superset", (
    lines("Requests by class", "reqps",
          "What Gunicorn answered, by class of status code. Only where it tells the daemon over statsd.",
          total_rate("healthd_gunicorn_requests_total", by="code_class"), stacked=True, width=12),
    lines("Health page, last look", "s",
          "How long the health page took, asked past the proxy. It does no work: a long wait is a wait for a worker.",
          gauge("healthd_probe_last_duration_seconds", only='component="gunicorn"'), width=12),
))  # fmt: skip

POSTGRES = Row("PostgreSQL", (
    lines("Connections", "none",
          "Sessions in use, and how many ordinary roles may have. At the limit users get errors.",
          in_all("healthd_postgres_connections", "in use"),
          minus(gauge("healthd_postgres_connections_max"), gauge("healthd_postgres_connections_reserved"), "usable"),
          width=12),
    lines("Oldest transaction", "s",
          "Age of the oldest open transaction of a client. A long one holds locks and keeps vacuum from its work.",
          gauge("healthd_postgres_oldest_transaction_seconds"), width=12),
))  # fmt: skip

REDIS = Row("Redis", (
    lines("Memory", "bytes", "Used, and the limit where there is one. A broker at its limit refuses tasks.",
          gauge("healthd_redis_memory_used_bytes", "used"), gauge("healthd_redis_memory_max_bytes", "limit"), width=12),
    lines("Clients", "none",
          "Connections of clients, and how many of these wait in a blocking command, as idle workers do.",
          gauge("healthd_redis_connected_clients", "connected"), gauge("healthd_redis_blocked_clients", "blocked"),
          width=12),
))  # fmt: skip

CELERY = Row("Celery and Beat", (
    lines("Queue length", "none", "Messages that wait, all priorities together.",
          gauge("healthd_celery_queue_length", by="stack, queue")),
    lines("Workers", "none", "That answered the last ping, and that there should be.",
          gauge("healthd_celery_workers_online", "online"), gauge("healthd_celery_workers_expected", "expected")),
    lines("Since Beat's last tick", "s",
          "Beat should send once in each period of its task, which is a minute in Superset.",
          age("healthd_beat_last_tick_timestamp_seconds")),
))  # fmt: skip

PROBES = Row("All probes", (
    lines("Good runs", "percentunit", "Share of the runs that succeeded. A degraded probe succeeds.",
          GOOD_RUNS, width=6, highest=1),
    lines("Duration p90", "s", "A tenth of the runs took longer than this.",
          *quantiles("healthd_probe_duration_seconds", levels=(0.9,)), width=6),
    lines("Failures by reason", "short", "Failed runs by the reason; nothing while all is well.",
          happened("healthd_probe_failures_total", "stack, probe, reason"), width=6),
    lines("Slowest phases", "s",
          "The ten slowest phases of the probes' last runs: where in a connection the time goes.",
          largest(10, gauge("healthd_probe_phase_duration_seconds", by="stack, probe, phase")), width=6),
))  # fmt: skip

BOARD = Board(
    "superset-overview", "Superset Stack / Overview",
    "Is it us or them, and which part? From the edge to Beat, one row for each tier.",
    (NOW, EDGE, WEB, POSTGRES, REDIS, CELERY, PROBES),
)  # fmt: skip
