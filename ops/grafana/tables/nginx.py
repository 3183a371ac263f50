"""The edge: what users reach, and the certificate they see."""

from __future__ import annotations

from board import GOOD_OR_BAD, Board, Row, lines, number, table
from common import checks, failures, phases, took

ANSWERS = Row("Answers", (
    checks("nginx", "the edge: https, the redirect, a static file, the page of counters"),
    number("Last status code", "none", "Of the last answer through the proxy; 0: none came. 502, 503 and 504 accuse Gunicorn, not nginx.",
           ('max by (stack, probe) (healthd_http_response_status_code{*, component="nginx"})', "{{stack}} {{probe}}"), height=7),
    number("Past the proxy", "none", "The same request directly at Gunicorn. Asked only while the edge's answer is bad or missing, and only "
           "where `direct` is configured.",
           ("min by (stack, probe) (healthd_superset_backend_bypass_ok{*})", "{{stack}} {{probe}}"), mapping=GOOD_OR_BAD, height=7),
    lines("Answers by class", "cps", "Answers to our looks, by class of status code; none: nothing came.",
          ('sum by (stack, code_class) (rate(healthd_http_responses_total{*, component="nginx"}[$__rate_interval]))',
           "{{stack}} {{code_class}}"), stacked=True),
    failures("nginx"),
    lines("Timeouts by phase", "short", "Runs that met their deadline, by the phase they were in; nothing while all is well.",
          ('sum by (stack, probe, phase) (increase(healthd_probe_timeouts_total{*, component="nginx"}[$__rate_interval])) > 0',
           "{{stack}} {{probe}} {{phase}}")),
    took("nginx"),
    phases("nginx"),
    lines("Body and redirects", "short", "Length of the last answer's body in bytes, and redirects that were followed.",
          ('max by (stack, probe) (healthd_http_response_body_bytes{*, component="nginx"})', "{{stack}} {{probe}} body"),
          ('max by (stack, probe) (healthd_http_redirects{*, component="nginx"})', "{{stack}} {{probe}} redirects")),
))  # fmt: skip

LOAD = Row("Load, from stub_status", (
    lines("Requests", "reqps", "All requests that nginx served, ours included.",
          ("max by (stack, probe) (rate(healthd_nginx_http_requests_total{*}[$__rate_interval]))", "{{stack}} {{probe}}"), width=6),
    lines("Connections by state", "none", "Reading a request, writing an answer, waiting for the next request.",
          ("max by (stack, probe, state) (healthd_nginx_connections{*})", "{{stack}} {{probe}} {{state}}"), stacked=True, width=6),
    lines("Share of the limit", "percentunit", "Open connections by `worker_connections_limit`, where that is configured.",
          ("max by (stack, probe) (sum by (instance, stack, probe) (healthd_nginx_connections{*})) "
           "/ max by (stack, probe) (healthd_nginx_worker_connections_limit{*})", "{{stack}} {{probe}}"), width=6, highest=1),
    lines("Accepted and dropped", "cps", "Connections that nginx accepted, and those of them that it dropped for want of resources.",
          ("max by (stack, probe) (rate(healthd_nginx_connections_accepted_total{*}[$__rate_interval]))", "{{stack}} {{probe}} accepted"),
          ("max by (stack, probe) (rate(healthd_nginx_connections_accepted_total{*}[$__rate_interval])) "
           "- max by (stack, probe) (rate(healthd_nginx_connections_handled_total{*}[$__rate_interval]))", "{{stack}} {{probe}} dropped"),
          width=6),
))  # fmt: skip

TLS = Row("TLS", (
    number("Clients accept it", "none", "Whether the certificate is valid for the name, in time and signed by a trusted authority.",
           ("min by (stack, probe) (healthd_tls_verify_ok{*})", "{{stack}} {{probe}}"), mapping=GOOD_OR_BAD, width=8),
    number("Certificate expires in", "s", "The server's own certificate: the one to renew.",
           ("min by (stack, probe) (healthd_tls_leaf_not_after_timestamp_seconds{*}) - time()", "{{stack}} {{probe}}")),
    number("Used up", "percentunit", "How much of the certificate's life is over. Renewal is due well before the end.",
           ("(time() - max by (stack, probe) (healthd_tls_leaf_not_before_timestamp_seconds{*})) "
            "/ (max by (stack, probe) (healthd_tls_leaf_not_after_timestamp_seconds{*}) "
            "- max by (stack, probe) (healthd_tls_leaf_not_before_timestamp_seconds{*}))", "{{stack}} {{probe}}")),
    number("Chain expires in", "s", "The first of all certificates that the server sent. An old root that no client uses may be in it.",
           ("min by (stack, probe) (healthd_tls_chain_not_after_timestamp_seconds{*}) - time()", "{{stack}} {{probe}}")),
    number("Verified until", "s", "How long the verified chain still holds: what browsers experience. Absent while it does not verify.",
           ("min by (stack, probe) (healthd_tls_verified_chain_not_after_timestamp_seconds{*}) - time()", "{{stack}} {{probe}}")),
    table("Session", "Protocol version and cipher of the last look.",
          "max by (stack, probe, version, cipher) (healthd_tls_session_info{*})", width=12, height=5),
    table("Certificate", "Names and fingerprint of the server's own certificate; they change when it is renewed.",
          "max by (stack, probe, subject_cn, issuer_cn, fingerprint_sha256) (healthd_tls_certificate_info{*})", width=12, height=5),
))  # fmt: skip

BOARD = Board(
    "superset-nginx", "Superset Stack / Nginx and TLS",
    "Do users get through, how fast, and for how long will the certificate still be valid?",
    (ANSWERS, LOAD, TLS),
)  # fmt: skip
