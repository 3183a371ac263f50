"""nginx with the shipped configuration, as a user, Superset and the monitor meet it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

from edge import READ_TIMEOUT, Edge


@pytest.fixture(scope="module")
def edge(make_folder: Callable[[], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    made = Edge(make_folder(), tmp_path_factory.mktemp("edge"))
    made.shorten_read_timeout()
    made.start()
    yield made
    made.stop()


def test_the_shipped_files_pass_nginx_own_test(make_folder: Callable[[], Path], tmp_path: Path) -> None:
    edge = Edge(make_folder(), tmp_path)
    tested = subprocess.run(edge.command("-t"), capture_output=True, text=True)
    said = tested.stdout + tested.stderr + (edge.room / "error.log").read_text()
    assert tested.returncode == 0, said
    assert "[warn]" not in said, said


def test_plain_http_leads_to_https_under_the_configured_name(edge: Edge) -> None:
    answer = edge.ask("/sqllab/?x=1", plain=True, headers={"Host": "evil.example.net"})
    assert answer.status == 301
    assert answer.headers["Location"] == "https://bi.example.com/sqllab/?x=1"


@pytest.mark.parametrize("path", ["/login/", "/static/logo.txt", "/static/not-there.txt", "/health", "/any/path"])
def test_security_headers_are_on_every_answer_and_once(edge: Edge, path: str) -> None:
    answer = edge.ask(path)
    assert answer.status == 200
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000; includeSubDomains"]
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers["X-Request-ID"]


def test_static_files_come_from_nginx_and_the_rest_of_them_from_superset(edge: Edge) -> None:
    own = edge.ask("/static/logo.txt")
    assert own.body == b"a static file\n"
    assert "immutable" in own.headers["Cache-Control"]
    assert edge.ask("/static/not-there.txt").json()["path"] == "/static/not-there.txt"


def test_superset_learns_who_asked_and_nobody_can_pretend(edge: Edge) -> None:
    claims = {"Host": "evil.example.net", "X-Forwarded-Host": "evil", "X-Forwarded-For": "192.0.2.66"}
    claims["X-Forwarded-Proto"] = "http"
    seen = edge.ask("/anything", headers=claims).json()["headers"]
    assert seen["Host"] == seen["X-Forwarded-Host"] == "bi.example.com"
    assert seen["X-Forwarded-For"] == "127.0.0.1"
    assert seen["X-Forwarded-Proto"] == "https"


def test_an_unknown_path_is_supersets_to_answer(edge: Edge) -> None:
    answer = edge.ask("/superset/dashboard/7/?native_filters=x", "POST", body=b"abc")
    assert answer.json()["path"] == "/superset/dashboard/7/?native_filters=x"
    assert answer.json()["method"] == "POST"


def test_a_long_header_of_superset_passes(edge: Edge) -> None:
    answer = edge.ask("/long-header")
    assert answer.status == 200
    assert len(answer.headers["Content-Security-Policy"]) == 6000


def test_a_long_cookie_of_a_user_passes(edge: Edge) -> None:
    cookie = "session=" + "c" * 20000
    assert edge.ask("/anything", headers={"Cookie": cookie}).json()["headers"]["Cookie"] == cookie


def test_an_upload_beyond_the_limit_is_refused_before_it_is_sent(edge: Edge) -> None:
    answer = edge.ask("/api/v1/dataset/upload", "POST", headers={"Content-Length": str(101 * 1024 * 1024)})
    assert answer.status == 413
    assert answer.headers["Strict-Transport-Security"]


def test_an_answer_that_comes_too_late_is_cut_at_the_configured_time(edge: Edge) -> None:
    begin = time.monotonic()
    answer = edge.ask("/slow/chart")
    assert READ_TIMEOUT * 0.9 < time.monotonic() - begin < READ_TIMEOUT + 4
    assert answer.status == 504
    assert b"Superset is not available" in answer.body
    line = edge.logged("/slow/chart")
    assert line["status"] == 504
    assert line["upstream_status"] == "504"


def test_websockets_are_upgraded_and_still_say_where_they_come_from(edge: Edge) -> None:
    seen = edge.ask("/ws", headers={"Connection": "Upgrade", "Upgrade": "websocket"}).json()["headers"]
    assert seen["Upgrade"] == "websocket"
    assert seen["Connection"] == "upgrade"
    assert seen["Host"] == "bi.example.com"
    assert seen["X-Forwarded-Proto"] == "https"


def test_counters_are_on_their_own_port_only(edge: Edge) -> None:
    counters = edge.ask("/stub_status", plain=True, port="stub_status")
    assert counters.status == 200
    assert b"Active connections" in counters.body
    assert edge.ask("/", plain=True, port="stub_status").status == 404
    assert b"Active connections" not in edge.ask("/stub_status").body
    assert edge.ask("/stub_status", plain=True).status == 301


def test_the_log_is_json_whatever_a_client_sends(edge: Edge) -> None:
    edge.ask("/logged?q=%22", headers={"User-Agent": 'a "quoted" \\ one'})
    line = edge.logged("/logged?q=%22")
    assert line["request"].startswith("GET /logged?q=%22 HTTP/1.1")
    assert line["agent"] == 'a "quoted" \\ one'
    assert line["status"] == 200
    assert float(line["upstream_seconds"]) >= 0


def test_guessing_passwords_is_slowed_down_and_the_login_page_is_not(edge: Edge) -> None:
    for path in ("/login/", "/api/v1/security/login"):
        statuses = [edge.ask(path, "POST", body=b"x").status for _ in range(20)]
        # Both share one account of attempts, so the first address of the two takes the burst.
        assert statuses[-1] == 429, statuses
    assert edge.ask("/login/").status == 200
    assert edge.ask("/login/", "POST", body=b"x").headers["Strict-Transport-Security"]


def test_without_superset_there_is_a_page_with_the_true_status(edge: Edge) -> None:
    edge.upstream.stop()
    try:
        answer = edge.ask("/superset/welcome/")
        assert answer.status == 502
        assert b"Superset is not available" in answer.body
        assert answer.headers["Retry-After"] == "60"
        assert answer.headers["Strict-Transport-Security"]
        assert edge.logged("/superset/welcome/")["upstream_status"] == "502"
        assert edge.ask("/static/logo.txt").status == 200, "what nginx has itself is still there"
        assert edge.ask("/maintenance.html").status == 404, "the page is for errors only"
    finally:
        edge.upstream.start()
    assert edge.ask("/superset/welcome/").status == 200, "no time out for the only upstream"
