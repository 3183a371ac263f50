"""What a client may ask for: methods, names, paths, sizes."""

from __future__ import annotations

import re
import subprocess
from typing import Callable

import pytest
from place import Place

PAGES = ["/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/status", "/api/v1/alerts", "/api/v1/incidents", "/runbooks/",
         "/runbooks/redis-down", "/style.css"]  # fmt: skip
METHODS = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "PURGE", "get"]
SAFE_FIELDS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# Ways out of a folder, for servers that join paths.
CLIMBS = ["..", "../..", "%2e%2e", "%2E%2E", ".%2e", "..%2f..", "%252e%252e", "..%255c..", "..\\..", "..%5c..", "....//....",
          "..;", "%c0%ae%c0%ae", "%uff0e%uff0e", "..%00"]  # fmt: skip
FILES = ["etc/passwd", "proc/self/environ", "proc/self/maps", "config.yaml"]
STARTS = ["", "runbooks/", "api/v1/incidents/", "style.css/", "metrics/", "runbooks/redis-down/"]


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    return make_place(options={"external_url": "https://ops.example.com/healthd", "allowed_hosts": ["monitor.internal"]})


def test_pages_are_read_with_get_and_head_and_nothing_else(place: Place) -> None:
    for page in PAGES:
        assert place.get(page, method="HEAD").body == b""
        for method in METHODS:
            answer = place.get(page, method=method)
            assert answer.status == 405 or (method == "get" and answer.status in (400, 405)), f"{method} {page}"
            assert method == "get" or answer.field("Allow") == "GET, HEAD"


def test_every_answer_carries_the_fields_that_keep_a_browser_safe(place: Place) -> None:
    answers = [place.get(page) for page in PAGES] + [place.get("/nothing"), place.get("/", method="POST"),
               place.get("/", host="evil.example"), place.send(b"nonsense\r\n\r\n")]  # fmt: skip
    for answer in answers:
        for name, value in SAFE_FIELDS.items():
            assert answer.field(name) == value, answer.raw[:300]
        policy = answer.field("Content-Security-Policy")
        assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert not answer.field("Server") and not answer.field("X-Powered-By")


def test_only_names_of_ours_are_answered(place: Place) -> None:
    for host in ["localhost", "LocalHost:1", "127.0.0.1", "[::1]:9848", "ops.example.com", "OPS.example.com.:443", "monitor.internal"]:
        assert place.get("/metrics", host=host).status == 200, host
    foreign = ["evil.example", "evil.example:9848", "localhost.evil.example", "127.0.0.1.evil.example", "169.254.169.254",
               "192.0.2.1", "[2001:db8::1]", "0x7f000001", "2130706433", "127.1"]  # fmt: skip
    for host in foreign:
        answer = place.get("/metrics", host=host)
        assert answer.status == 421 and b"healthd_" not in answer.body, host
    malformed = ["", ":9848", "localhost:", "localhost:99999", "::1", "[::1", "[localhost]", "user@localhost", "local host",
                 "localhost/metrics", "localhost,evil.example", "http://localhost", "[fe80::1%25eth0]", "a..b"]  # fmt: skip
    for host in malformed:
        assert place.get("/metrics", host=host).status == 400, host
    assert place.send(b"GET http://localhost/metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").status == 400
    assert place.send(b"GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n").status == 400
    two = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert place.send(two).status == 400


def test_no_path_leads_to_a_file(place: Place) -> None:
    for start in STARTS:
        for climb in CLIMBS:
            for file in FILES:
                path = f"/{start}{climb}/{climb}/{climb}/{file}"
                answer = place.get(path)
                assert answer.status in (400, 404), f"{path}: {answer.raw[:200]!r}"
                assert b"root:" not in answer.body and b"listen_address" not in answer.body
    for path in [b"/runbooks/redis-down\0.md", b"/\0", b"/runbooks/\xff\xfe", b"/runbooks/redis-down%00", b"//etc/passwd",
                 b"/runbooks//etc/passwd", b"/?file=/etc/passwd", b"/metrics?target=http://169.254.169.254/"]:  # fmt: skip
        answer = place.get(path)
        assert b"root:" not in answer.body
        assert answer.status in (400, 404) or path.startswith((b"/?", b"/metrics?")), path


def test_what_is_too_large_is_refused_with_its_status(place: Place) -> None:
    assert place.get("/" + "a" * 3000).status == 414
    assert place.get("/", fields="X: " + "a" * 9000 + "\r\n").status == 431
    assert place.get("/", fields="X: a\r\n" * 80).status == 431
    assert place.send(b"GET /" + b"a" * 100_000).status == 431
    assert place.get("/", fields="Content-Length: 5\r\n").status == 413
    assert place.get("/", fields="Transfer-Encoding: chunked\r\n").status == 413
    assert place.get("/", fields="Content-Length: 99999999999999999999\r\n").status in (400, 413)
    assert place.get("/", fields="Content-Length: 5\r\nTransfer-Encoding: chunked\r\n").status in (400, 413)
    assert place.page("/-/healthy")


def test_requests_sent_ahead_are_answered_one_by_one_and_in_order(place: Place) -> None:
    one = b"GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    answer = place.send(one % (b"/nothing", b"") + one % (b"/-/healthy", b"") + one % (b"/style.css", b"Connection: close\r\n"))
    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", answer.raw)
    assert statuses == [b"404", b"200", b"200"]


@pytest.mark.parametrize("listen, warned", [("0.0.0.0", True), ("127.0.0.1", False)])
def test_an_address_that_others_reach_is_warned_of(make_place: Callable[..., Place], listen: str, warned: bool) -> None:
    place = make_place(listen=listen)
    assert ("insecure_bind" in place.log_text()) == warned
    assert ("allow_insecure_bind" in check_config(place)) == warned
    meant = make_place(listen=listen, options={"allow_insecure_bind": True})
    assert "insecure_bind" not in meant.log_text()
    assert "warning" not in check_config(meant)
    for host in ["203.0.113.5", "[2001:db8::5]:9848"]:
        assert place.get("/metrics", host=host).status == (200 if warned else 421)
    assert place.get("/metrics", host="evil.example").status == 421


def check_config(place: Place) -> str:
    done = subprocess.run([str(place.binary), "check-config", *place.write()], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout
    return done.stdout
