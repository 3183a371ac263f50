"""Gunicorn and the Superset in it: from outside, and as they tell over statsd."""

from __future__ import annotations

from board import Board, Row, lines, number
from common import checks, failures, phases, quantiles, took

OUTSIDE = Row("From outside, past the proxy", (
    checks("gunicorn", "Gunicorn: the health page, and whether its statsd messages can be heard"),
    number("Last status code", "none", "Of the health page; 0: no answer came. The page needs neither PostgreSQL nor Redis.",
           ('max by (stack, probe) (healthd_http_response_status_code{*, component="gunicorn"})', "{{stack}} {{probe}}"), width=8, height=7),
    took("gunicorn"),
    phases("gunicorn"),
    failures("gunicorn"),
))  # fmt: skip

REQUESTS = Row("Requests, as Gunicorn tells over statsd", (
    lines("Requests by class", "reqps", "By class of status code. Errors that nginx makes, such as 502, are not in it.",
          ("sum by (stack, code_class) (rate(healthd_gunicorn_requests_total{*}[$__rate_interval]))", "{{stack}} {{code_class}}"), stacked=True),
    lines("Share of server errors", "percentunit", "Answers 500 to 599 by all answers.",
          ('sum by (stack) (rate(healthd_gunicorn_requests_total{*, code_class="5xx"}[$__rate_interval])) '
           "/ (sum by (stack) (rate(healthd_gunicorn_requests_total{*}[$__rate_interval])) > 0)", "{{stack}}"), highest=1),
    lines("Duration of requests", "s", "What each request took inside Gunicorn, the wait for a worker left out.",
          *quantiles("healthd_gunicorn_request_duration_seconds", "{*}", "stack", "{{stack}}")),
    lines("Workers", "none", "Worker processes. Gunicorn tells it when their number changes, so it is absent at first.",
          ("max by (stack, probe) (healthd_gunicorn_workers{*})", "{{stack}} {{probe}}")),
    lines("Log messages by level", "short", "A worker that ran into its timeout is logged as critical.",
          ("sum by (stack, level) (increase(healthd_gunicorn_log_messages_total{*}[$__rate_interval]))", "{{stack}} {{level}}")),
    lines("Statsd lines", "cps", "What came of the lines that were heard. Dropped ones came faster than the daemon cares to read.",
          ("sum by (stack, outcome) (rate(healthd_statsd_packets_total{*}[$__rate_interval]))", "{{stack}} {{outcome}}")),
))  # fmt: skip

API = Row("Superset's API, as its StatsdStatsLogger tells", (
    lines("Calls by outcome", "reqps", "A warning is the caller's fault, an error is Superset's.",
          ("sum by (stack, outcome) (rate(healthd_superset_api_calls_total{*}[$__rate_interval]))", "{{stack}} {{outcome}}"),
          stacked=True, width=12),
    lines("Duration of calls", "s", "Charts and dashboards ask through this API, so this is what users wait for.",
          *quantiles("healthd_superset_api_call_duration_seconds", "{*}", "stack", "{{stack}}"), width=12),
))  # fmt: skip

BOARD = Board(
    "superset-web", "Superset Stack / Superset and Gunicorn",
    "Does the application answer, how many requests fail, and how long do they take?",
    (OUTSIDE, REQUESTS, API),
)  # fmt: skip
