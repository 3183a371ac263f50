"""Is it us or them, and which part: the whole stack from the edge to Beat."""

from __future__ import annotations

from board import NONE, RED, Board, Row, codes, lines, number, table, timeline
from common import STATES

HTTPS = 'min by (stack, probe) (avg_over_time(healthd_probe_check_success{*, component="nginx", check="https"}[$__range]))'
# The check `upstream` exists only where nginx answered, so that the shares multiply.
SERVED = f"{HTTPS} * {HTTPS.replace('https', 'upstream')} or {HTTPS}"

NOW = Row("Now", (
    timeline("State of the parts", "The damped state of each part, as the alerts see it. Suppressed: a part that it depends on explains it.",
             (codes("healthd_component_state", "stack, component", STATES), "{{stack}} {{component}}"), STATES, width=12, height=8),
    number("Firing alerts", "none", "Alerts that fire now, by severity; the watchdog is left out. Critical ones have paged somebody.",
           ('max by (severity) (healthd_alerts{-, state="firing", severity!="none"})', "{{severity}}"), mapping=NONE, otherwise=RED, height=8),
    table("Why", "The reason of each probe and check that is not up now; empty while all is well.",
          "max by (stack, probe, check, reason) (healthd_probe_reason{*})", height=8),
))  # fmt: skip

EDGE = Row("Edge: nginx and TLS", (
    number("Served at the edge", "percentunit", "Share of the looks through the proxy in the time range that got an answer of Superset; "
           "a 502 of nginx is none.", (SERVED, "{{stack}} {{probe}}"), decimals=2),
    number("Certificate lifetime left", "s", "Until the certificate that nginx serves expires.",
           ("min by (stack, probe) (healthd_tls_leaf_not_after_timestamp_seconds{*}) - time()", "{{stack}} {{probe}}")),
    lines("Answers to our looks", "cps", "By class of status code; none: nothing came.",
          ('sum by (code_class) (rate(healthd_http_responses_total{*, component="nginx"}[$__rate_interval]))', "{{code_class}}"),
          stacked=True, height=5),
    lines("Requests at nginx", "reqps", "All requests that nginx served, ours included.",
          ("max by (stack, probe) (rate(healthd_nginx_http_requests_total{*}[$__rate_interval]))", "{{stack}} {{probe}}"), height=5),
))  # fmt: skip

WEB = Row("Web: Gunicorn and Superset", (
    lines("Requests by class", "reqps", "What Gunicorn answered, by class of status code. Only where it tells the daemon over statsd.",
          ("sum by (code_class) (rate(healthd_gunicorn_requests_total{*}[$__rate_interval]))", "{{code_class}}"),
          stacked=True, width=12),
    lines("Health page, last look", "s", "How long the health page took, asked past the proxy. It does no work: a long wait is a wait for a worker.",
          ('max by (stack, probe) (healthd_probe_last_duration_seconds{*, component="gunicorn"})', "{{stack}} {{probe}}"), width=12),
))  # fmt: skip

POSTGRES = Row("PostgreSQL", (
    lines("Connections", "none", "Sessions in use, and how many ordinary roles may have. At the limit users get errors.",
          ("max by (stack, probe) (sum by (instance, stack, probe) (healthd_postgres_connections{*}))", "{{stack}} {{probe}} in use"),
          ("max by (stack, probe) (healthd_postgres_connections_max{*}) - max by (stack, probe) (healthd_postgres_connections_reserved{*})",
           "{{stack}} {{probe}} usable"), width=12),
    lines("Oldest transaction", "s", "Age of the oldest open transaction of a client. A long one holds locks and keeps vacuum from its work.",
          ("max by (stack, probe) (healthd_postgres_oldest_transaction_seconds{*})", "{{stack}} {{probe}}"), width=12),
))  # fmt: skip

REDIS = Row("Redis", (
    lines("Memory", "bytes", "Used, and the limit where there is one. A broker at its limit refuses tasks.",
          ("max by (stack, probe) (healthd_redis_memory_used_bytes{*})", "{{stack}} {{probe}} used"),
          ("max by (stack, probe) (healthd_redis_memory_max_bytes{*})", "{{stack}} {{probe}} limit"), width=12),
    lines("Clients", "none", "Connections of clients, and how many of these wait in a blocking command, as idle workers do.",
          ("max by (stack, probe) (healthd_redis_connected_clients{*})", "{{stack}} {{probe}} connected"),
          ("max by (stack, probe) (healthd_redis_blocked_clients{*})", "{{stack}} {{probe}} blocked"), width=12),
))  # fmt: skip

CELERY = Row("Celery and Beat", (
    lines("Queue length", "none", "Messages that wait, all priorities together.",
          ("max by (stack, queue) (healthd_celery_queue_length{*})", "{{stack}} {{queue}}")),
    lines("Workers", "none", "That answered the last ping, and that there should be.",
          ("max by (stack, probe) (healthd_celery_workers_online{*})", "{{stack}} {{probe}} online"),
          ("max by (stack, probe) (healthd_celery_workers_expected{*})", "{{stack}} {{probe}} expected")),
    lines("Since Beat's last tick", "s", "Beat should send once in each period of its task, which is a minute in Superset.",
          ("time() - max by (stack, probe) (healthd_beat_last_tick_timestamp_seconds{*})", "{{stack}} {{probe}}")),
))  # fmt: skip

PROBES = Row("All probes", (
    lines("Duration p90", "s", "A tenth of the runs took longer than this.",
          ("histogram_quantile(0.9, sum by (le, stack, probe) (rate(healthd_probe_duration_seconds_bucket{*}[$__rate_interval]))) "
           "and on (stack, probe) sum by (stack, probe) (rate(healthd_probe_duration_seconds_count{*}[$__rate_interval])) > 0",
           "{{stack}} {{probe}}")),
    lines("Failures by reason", "short", "Failed runs by the reason; nothing while all is well.",
          ("sum by (stack, probe, reason) (increase(healthd_probe_failures_total{*}[$__rate_interval])) > 0",
           "{{stack}} {{probe}} {{reason}}")),
    lines("Slowest phases", "s", "The ten slowest phases of the probes' last runs: where in a connection the time goes.",
          ("topk(10, max by (stack, probe, phase) (healthd_probe_phase_duration_seconds{*}))", "{{stack}} {{probe}} {{phase}}")),
))  # fmt: skip

BOARD = Board(
    "superset-overview", "Superset Stack / Overview",
    "Is it us or them, and which part? From the edge to Beat, one row for each tier.",
    (NOW, EDGE, WEB, POSTGRES, REDIS, CELERY, PROBES),
)  # fmt: skip
