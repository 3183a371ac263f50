"""The edge: what users reach, and the certificate they see."""

from __future__ import annotations

from board import GOOD_OR_BAD, Board, Row, lines, number, table
from common import checks, failures, phases, took
from queries import age, brackets, gauge, happened, in_all, lowest, minus, rate, share, total_rate, until

BEGIN = "healthd_tls_leaf_not_before_timestamp_seconds"
END = "healthd_tls_leaf_not_after_timestamp_seconds"

ANSWERS = Row("Answers", (
    checks("nginx", "the edge: https, the redirect, a static file, the page of counters"),
    number("Last status code", "none",
           "Of the last answer through the proxy; 0: none came. 502, 503 and 504 accuse Gunicorn, not nginx.",
           gauge("healthd_http_response_status_code", only='component="nginx"'), height=7),
    number("Past the proxy", "none",
           "The same request directly at Gunicorn. Asked only while the edge's answer is bad or missing, and only "
           "where `direct` is configured.", lowest("healthd_superset_backend_bypass_ok"), mapping=GOOD_OR_BAD,
           height=7),
    lines("Answers by class", "cps", "Answers to our looks, by class of status code; none: nothing came.",
          total_rate("healthd_http_responses_total", by="stack, code_class", only='component="nginx"'), stacked=True),
    failures("nginx"),
    lines("Timeouts by phase", "short",
          "Runs that met their deadline, by the phase they were in; nothing while all is well.",
          happened("healthd_probe_timeouts_total", by="stack, probe, phase", only='component="nginx"')),
    took("nginx"),
    phases("nginx"),
    lines("Body and redirects", "short", "Length of the last answer's body in bytes, and redirects that were followed.",
          gauge("healthd_http_response_body_bytes", "body", only='component="nginx"'),
          gauge("healthd_http_redirects", "redirects", only='component="nginx"')),
))  # fmt: skip

LOAD = Row("Load, from stub_status", (
    lines("Requests", "reqps", "All requests that nginx served, ours included.",
          rate("healthd_nginx_http_requests_total"), width=6),
    lines("Connections by state", "none", "Reading a request, writing an answer, waiting for the next request.",
          gauge("healthd_nginx_connections", by="stack, probe, state"), stacked=True, width=6),
    lines("Share of the limit", "percentunit",
          "Open connections by `worker_connections_limit`, where that is configured.",
          share(in_all("healthd_nginx_connections"), gauge("healthd_nginx_worker_connections_limit")), width=6,
          highest=1),
    lines("Accepted and dropped", "cps",
          "Connections that nginx accepted, and those of them that it dropped for want of resources.",
          rate("healthd_nginx_connections_accepted_total", "accepted"),
          minus(rate("healthd_nginx_connections_accepted_total"), rate("healthd_nginx_connections_handled_total"),
                "dropped"),
          width=6),
))  # fmt: skip

TLS = Row("TLS", (
    number("Clients accept it", "none",
           "Whether the certificate is valid for the name, in time and signed by a trusted authority.",
           lowest("healthd_tls_verify_ok"), mapping=GOOD_OR_BAD, width=8),
    number("Certificate expires in", "s", "The server's own certificate: the one to renew.",
           until("healthd_tls_leaf_not_after_timestamp_seconds")),
    number("Used up", "percentunit", "How much of the certificate's life is over. Renewal is due well before the end.",
           share(brackets(age(BEGIN)), brackets(minus(gauge(END), gauge(BEGIN))))),
    number("Chain expires in", "s",
           "The first of all certificates that the server sent. An old root that no client uses may be in it.",
           until("healthd_tls_chain_not_after_timestamp_seconds")),
    number("Verified until", "s",
           "How long the verified chain still holds: what browsers experience. Absent while it does not verify.",
           until("healthd_tls_verified_chain_not_after_timestamp_seconds")),
    table("Session", "Protocol version and cipher of the last look.",
          gauge("healthd_tls_session_info", by="stack, probe, version, cipher"), width=12, height=5),
    table("Certificate", "Names and fingerprint of the server's own certificate; they change when it is renewed.",
          gauge("healthd_tls_certificate_info", by="stack, probe, subject_cn, issuer_cn, fingerprint_sha256"), width=12,
          height=5),
))  # fmt: skip

BOARD = Board(
    "superset-nginx", "Superset Stack / Nginx and TLS",
    "Do users get through, how fast, and for how long will the certificate still be valid?",
    (ANSWERS, LOAD, TLS),
)  # fmt: skip
