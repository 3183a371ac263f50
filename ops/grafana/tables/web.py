"""Gunicorn and the Superset in it: from outside, and as they tell over statsd."""

from __future__ import annotations

from board import Board, Row, lines, number
from common import checks, failures, phases, took
from queries import above_zero, gauge, growth, quantiles, share, total_rate

OUTSIDE = Row("From outside, past the proxy", (
    checks("gunicorn", "Gunicorn: the health page, and whether its statsd messages can be heard"),
    number("Last status code", "none",
           "Of the health page; 0: no answer came. The page needs neither PostgreSQL nor Redis.",
           gauge("healthd_http_response_status_code", only='component="gunicorn"'), width=8, height=7),
    took("gunicorn"),
    phases("gunicorn"),
    failures("gunicorn"),
))  # fmt: skip

REQUESTS = Row("Requests, as Gunicorn tells over statsd", (
    lines("Requests by class", "reqps", "By class of status code. Errors that nginx makes, such as 502, are not in it.",
          total_rate("healthd_gunicorn_requests_total", by="stack, code_class"), stacked=True),
    lines("Share of server errors", "percentunit", "Answers 500 to 599 by all answers.",
          share(total_rate("healthd_gunicorn_requests_total", by="stack", only='code_class="5xx"'),
                above_zero(total_rate("healthd_gunicorn_requests_total", by="stack"))),
          highest=1),
    lines("Duration of requests", "s", "What each request took inside Gunicorn, the wait for a worker left out.",
          *quantiles("healthd_gunicorn_request_duration_seconds", "stack")),
    lines("Workers", "none", "Worker processes. Gunicorn tells it when their number changes, so it is absent at first.",
          gauge("healthd_gunicorn_workers")),
    lines("Log messages by level", "short", "A worker that ran into its timeout is logged as critical.",
          growth("healthd_gunicorn_log_messages_total", by="stack, level")),
    lines("Statsd lines", "cps",
          "What came of the lines that were heard. Dropped ones came faster than the daemon cares to read.",
          total_rate("healthd_statsd_packets_total", by="stack, outcome")),
))  # fmt: skip

API = Row("Superset's API, as its StatsdStatsLogger tells", (
    lines("Calls by outcome", "reqps", "A warning is the caller's fault, an error is Superset's.",
          total_rate("healthd_superset_api_calls_total", by="stack, outcome"), stacked=True, width=12),
    lines("Duration of calls", "s", "Charts and dashboards ask through this API, so this is what users wait for.",
          *quantiles("healthd_superset_api_call_duration_seconds", "stack"), width=12),
))  # fmt: skip

BOARD = Board(
    "superset-web", "Superset Stack / Superset and Gunicorn",
    "Does the application answer, how many requests fail, and how long do they take?",
    (OUTSIDE, REQUESTS, API),
)  # fmt: skip
