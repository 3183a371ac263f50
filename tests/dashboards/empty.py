"""Panels that show nothing on a healthy test stack, each with the reason. Everything else has to show something."""

from __future__ import annotations

_NO_FAILURE = "no run fails"
# Empty is good news; during the fault of the suite they show something.
ONLY_WHEN_ILL = {
    ("superset-overview", "Why"): "everything is up",
    ("superset-overview", "Failures by reason"): _NO_FAILURE,
    ("superset-nginx", "Failures by reason"): _NO_FAILURE,
    ("superset-nginx", "Timeouts by phase"): _NO_FAILURE,
    ("superset-nginx", "Past the proxy"): "asked only while the edge fails",
    ("superset-web", "Failures by reason"): _NO_FAILURE,
    ("superset-celery", "Failures by reason"): _NO_FAILURE,
    ("superset-alerts", "Since the last failure"): "no run has failed yet",
    ("superset-alerts", "Failed attempts"): "every receiver takes its messages",
}
# They stay empty during the fault as well.
ONLY_ELSEWHERE = {
    ("superset-postgres", "Failures by reason"): "the fault leaves PostgreSQL alone",
    ("superset-redis", "Failures by reason"): "the fault leaves Redis alone",
    ("superset-postgres", "Replicas behind"): "the stack has no replica",
    ("superset-redis", "In touch with its primary"): "the stack has no replica",
}
