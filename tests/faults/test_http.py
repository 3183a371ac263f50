"""Faults of HTTP: servers that lie, drip or never end, and an nginx or a gunicorn that does not do its work."""

from __future__ import annotations

import gzip
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from row import Bench, Probe, Watch
from scripted import Line, Script, Scripted, http, http_raw, silent
from servers import Postgres, Running
from stack.nginx import Nginx
from stack.plan import Plan
from stack.web import Gunicorn

# An nginx waits 500 ms for its upstream; the daemon has to hear that, and to ask the upstream itself.
PATIENT = {"interval": "1500ms", "timeout": "1200ms"}


def row(bench: Bench, fault: Script, status: str, reason: str = "none", phase: str | None = None, **options: Any) -> Watch:
    """A server that was fine answers every request like this."""
    server = bench.scripted(http())
    with bench.watch(bench.http_probe(server.port, **options)) as watch:
        watch.healthy()
        server.behave(fault)
        watch.expect(status, reason, phase=phase)
        server.behave(http())
        watch.recovers()
    return watch


def evidence(watch: Watch) -> dict[str, str]:
    return watch.runs()[-1].json["evidence"]


# --- answers that do not end ---------------------------------------------------------------------------------------------


def test_a_header_that_drips(bench: Bench) -> None:
    def drip(line: Line) -> None:
        line.request()
        line.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", every=0.1)

    row(bench, drip, "down", "timeout", phase="transfer")


def test_a_body_that_drips(bench: Bench) -> None:
    def drip(line: Line) -> None:
        line.request()
        line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        line.forever(b"x", every=0.05)

    row(bench, drip, "down", "timeout", phase="transfer")


def endless_body(line: Line) -> None:
    line.request()
    line.say(b"HTTP/1.1 200 OK\r\n\r\n")
    line.forever(b"x" * 65536)


def test_an_endless_body_is_left_after_its_beginning_and_its_status_counts(bench: Bench) -> None:
    server = bench.scripted(endless_body)
    with bench.watch(bench.http_probe(server.port)) as watch:
        watch.healthy()
        watch.stays("up")
        assert watch.metrics().value("healthd_http_response_body_bytes", probe="target") == 65536


def test_an_endless_body_without_what_is_expected_is_too_large(bench: Bench) -> None:
    watch = row(bench, endless_body, "down", "too_large", expect_body="OK")
    assert any("the rest was not read" in run.detail for run in watch.runs())


def test_interim_answers_without_end(bench: Bench) -> None:
    def interim(line: Line) -> None:
        line.request()
        line.forever(b"HTTP/1.1 100 Continue\r\n\r\n")

    row(bench, interim, "down", "protocol")


# --- answers that lie ----------------------------------------------------------------------------------------------------

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
LIES = {
    "a chunk that is longer than it says": CHUNKED + b"\r\n2\r\nOKOK\r\n0\r\n\r\n",
    "a chunk that is shorter than it says": CHUNKED + b"\r\nffff\r\nOK\r\n0\r\n\r\n",
    "a length and chunks at once": CHUNKED + b"Content-Length: 2\r\n\r\n2\r\nOK\r\n0\r\n\r\n",
    "a body that is shorter than it says": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nOK",
    "an answer as of HTTP/0.9": b"OK\n",
    "a binary protocol": bytes(range(256)),
}


@pytest.mark.parametrize("answer", LIES.values(), ids=list(LIES))
def test_an_answer_that_is_no_http(bench: Bench, answer: bytes) -> None:
    row(bench, http_raw(answer), "down", "protocol")


LARGE = {
    "one of 2 MB": b"HTTP/1.1 200 OK\r\nX-Large: " + b"x" * 2_000_000 + b"\r\n\r\n",
    "100000 of them": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
}


@pytest.mark.parametrize("answer", LARGE.values(), ids=list(LARGE))
def test_headers_without_measure(bench: Bench, answer: bytes) -> None:
    row(bench, http_raw(answer), "down", "too_large")


def test_a_compressed_bomb_stays_packed(bench: Bench) -> None:
    bomb = gzip.compress(bytes(100_000_000), 1)
    server = bench.scripted(http(body=bomb, headers="Content-Encoding: gzip\r\n"))
    with bench.watch(bench.http_probe(server.port)) as watch:
        watch.healthy()
        watch.stays("up")  # that memory is bounded is checked in every row
        assert watch.metrics().value("healthd_http_response_body_bytes", probe="target") == 65536


# --- answers that are not the one ------------------------------------------------------------------------------------------


def test_a_login_page_instead(bench: Bench) -> None:
    page = http(body=f"<title>Sign in</title><input name=password value='{bench.secret}'>".encode())
    watch = row(bench, page, "down", "body_mismatch", expect_body="OK")
    shown = [run.json["evidence"]["body"] for run in watch.runs() if run.status == "down"]
    assert shown and all(text.startswith("<title>Sign in</title>") for text in shown)


def test_a_header_of_another_kind(bench: Bench) -> None:
    server = bench.scripted(http(headers="Content-Type: text/plain\r\n"))
    with bench.watch(bench.http_probe(server.port, expect_header={"content-type": "text/plain"})) as watch:
        watch.healthy()
        server.behave(http(headers="Content-Type: text/html\r\n"))
        runs = watch.expect("down", "body_mismatch")
        assert "content-type" in runs[-1].detail and "text/html" in runs[-1].detail


def test_not_found(bench: Bench) -> None:
    row(bench, http("404 Not Found"), "down", "http_status")


def test_another_protocol_from_now_on(bench: Bench) -> None:
    row(bench, http_raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), "down", "http_status")


def test_a_target_that_wants_to_be_asked_less_often_is_not_down(bench: Bench) -> None:
    server = bench.scripted(http())
    with bench.watch(bench.http_probe(server.port)) as watch:
        watch.healthy()
        server.behave(http("429 Too Many Requests", headers="Retry-After: 60\r\n"))
        watch.expect("degraded", "http_status")
        first, second = (datetime.fromisoformat(run.began) for run in watch.runs()[-2:])
        assert 0.8 < (second - first).total_seconds() < 1.3, "it leaves out one slot, and no more"


def test_an_answer_that_is_slow(bench: Bench) -> None:
    def slow(line: Line) -> None:
        line.request()
        line.pause(0.25)
        line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")

    watch = row(bench, slow, "degraded", "slow", slow_after="150ms")
    assert ("up", "none") in [run.check("health") for run in watch.runs() if run.status == "degraded"]


# --- redirects -------------------------------------------------------------------------------------------------------------


def test_redirects_in_a_circle(bench: Bench) -> None:
    watch = row(bench, http("302 Found", headers="Location: /health\r\n"), "down", "http_status", follow_redirects=True)
    assert any("circle" in run.detail for run in watch.runs())


def test_nobody_follows_a_redirect_to_another_host(bench: Bench) -> None:
    other = bench.scripted(http(), host="127.0.0.2")
    away = http("302 Found", headers=f"Location: http://127.0.0.2:{other.port}/?token={bench.secret}\r\n")
    watch = row(bench, away, "down", "http_status", follow_redirects=True)
    assert any("another host" in run.detail for run in watch.runs())
    assert other.accepted == 0


# --- nginx' side checks ------------------------------------------------------------------------------------------------------

COUNTERS = b"Active connections: 1 \nserver accepts handled requests\n 3 3 5 \nReading: 0 Writing: 1 Waiting: 0 \n"
SIDES = {
    "redirect": ("redirect_url", http("301 Moved", headers="Location: https://localhost/\r\n"), http(), "http_status"),
    "static": ("static_url", http(), http("404 Not Found"), "http_status"),
    "stub_status": ("stub_status", http(body=COUNTERS), http(body=b"<html>Active connections: many"), "body_mismatch"),
}


@pytest.mark.parametrize("check", list(SIDES))
def test_a_side_check_fails(bench: Bench, check: str) -> None:
    key, good, bad, reason = SIDES[check]
    side = bench.scripted(good)
    edge = {"kind": "nginx", "url": f"http://127.0.0.1:{bench.web}/", key: f"http://127.0.0.1:{side.port}/"}
    with bench.watch(edge) as watch:
        watch.healthy()
        side.behave(bad)
        watch.expect("degraded", reason)
        watch.expect("down", reason, check=check, runs=1)
        watch.expect("up", check="https", runs=1)
        side.behave(good)
        watch.recovers()


# --- whose fault it is -------------------------------------------------------------------------------------------------------


@dataclass
class Site:
    """A real nginx before a real gunicorn."""

    plan: Plan
    gunicorn: Running[Gunicorn]
    nginx: Running[Nginx]

    @property
    def edge(self) -> Probe:
        tls = {"ca_file": str(self.plan.ca_file)}
        return {"kind": "nginx", "url": f"{self.plan.edge_url}/health", "tls": tls, "direct": self.health, **PATIENT}

    @property
    def health(self) -> str:
        return f"http://127.0.0.1:{self.gunicorn.port}/health"


@pytest.fixture
def site(bench: Bench) -> Site:
    plan = bench.house.new_plan()
    gunicorn = bench.start(Gunicorn, plan=plan)
    return Site(plan, gunicorn, bench.start(Nginx, plan=plan))


def without_verdict(watch: Watch, direct: str) -> None:
    """The edge stays to blame, and nothing is said about the application."""
    watch.expect("down", "http_status", check="https", runs=1)
    watch.expect("unknown", direct, check="direct", runs=1)
    assert evidence(watch)["verdict"].startswith("none: ")
    assert watch.metrics().value("healthd_superset_backend_bypass_ok", probe="target") is None


def blames_gunicorn(watch: Watch, direct: str) -> None:
    """The edge is cleared, and nobody is told that it is down."""
    watch.expect("up", check="https", runs=1)
    watch.expect("down", direct, check="direct", runs=1)
    assert evidence(watch)["verdict"].endswith("look at gunicorn")
    assert watch.metrics().value("healthd_superset_backend_bypass_ok", probe="target") == 0
    assert ("SupersetEdgeDown", "target") not in watch.watcher.alerts


def test_gunicorn_is_dead_behind_nginx(bench: Bench, site: Site) -> None:
    with bench.watch(site.edge) as watch:
        watch.healthy()
        assert watch.metrics().value("healthd_superset_backend_bypass_ok", probe="target") is None
        site.gunicorn.kill()
        runs = watch.expect("degraded", "http_status")
        assert runs[-1].detail.startswith("HTTP 502")
        blames_gunicorn(watch, "connect_refused")
        site.gunicorn.start()
        watch.recovers()


def test_gunicorn_is_frozen_behind_nginx(bench: Bench, site: Site) -> None:
    with bench.watch(site.edge) as watch:
        watch.healthy()
        site.gunicorn.freeze()
        runs = watch.expect("degraded", "http_status", runs=2)
        assert runs[-1].detail.startswith("HTTP 504")
        blames_gunicorn(watch, "timeout")
        site.gunicorn.thaw()
        watch.recovers()


def silent_edge(bench: Bench) -> tuple[Scripted, Scripted, Probe]:
    edge, app = bench.scripted(http()), bench.scripted(http())
    probe = {"kind": "nginx", "url": f"http://127.0.0.1:{edge.port}/", "direct": f"http://127.0.0.1:{app.port}/"}
    return edge, app, probe


def test_the_edge_is_silent_and_so_is_the_application(bench: Bench) -> None:
    edge, app, probe = silent_edge(bench)
    with bench.watch(probe) as watch:
        watch.healthy()
        app.behave(silent)
        watch.stays("up", runs=2)  # nobody asks it while the edge is well
        edge.behave(silent)
        watch.expect("down", "timeout", phase="first_byte")
        watch.expect("down", "timeout", check="direct", runs=1)
        assert evidence(watch)["verdict"].endswith("look at gunicorn")
        assert watch.metrics().value("healthd_superset_backend_bypass_ok", probe="target") == 0


def test_the_application_wants_to_be_asked_less_often_while_the_edge_fails(bench: Bench) -> None:
    edge, app, probe = silent_edge(bench)
    with bench.watch(probe) as watch:
        watch.healthy()
        app.behave(http("429 Too Many Requests"))
        edge.behave(http("500 Internal Server Error"))
        watch.expect("down", "http_status")
        without_verdict(watch, "http_status")


def test_a_handshake_with_the_application_stalls_while_the_edge_fails(bench: Bench) -> None:
    edge, app, probe = silent_edge(bench)
    secured = probe["direct"].replace("http:", "https:")
    with bench.watch(probe | {"direct": secured}) as watch:
        watch.healthy()
        app.behave(silent)
        edge.behave(http("500 Internal Server Error"))
        watch.expect("down", "http_status")
        without_verdict(watch, "timeout")


def test_an_edge_that_is_slow_but_good_is_up_while_the_application_is_silent(bench: Bench) -> None:
    def slow(line: Line) -> None:
        line.request()
        line.pause(0.95)
        line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")

    edge, app, probe = silent_edge(bench)
    with bench.watch(probe | PATIENT) as watch:
        watch.healthy()
        app.behave(silent)
        edge.behave(slow)
        watch.stays("up", runs=3)
        assert app.accepted > 0, "it is asked in case the edge does not answer"
        assert watch.metrics().value("healthd_superset_backend_bypass_ok", probe="target") is None


def test_the_edge_is_silent_while_the_application_answers(bench: Bench) -> None:
    edge, _, probe = silent_edge(bench)
    with bench.watch(probe) as watch:
        watch.healthy()
        edge.behave(silent)
        watch.expect("down", "timeout", phase="first_byte")
        watch.expect("up", check="direct", runs=1)
        assert evidence(watch)["verdict"].endswith("look at nginx")
        assert watch.metrics().value("healthd_superset_backend_bypass_ok", probe="target") == 1


def test_nginx_says_unavailable_while_gunicorn_answers(bench: Bench, site: Site) -> None:
    edge = bench.scripted(http())
    probe = {"kind": "nginx", "url": f"http://127.0.0.1:{edge.port}/", "direct": site.health}
    with bench.watch(probe) as watch:
        watch.healthy()
        edge.behave(http("503 Service Unavailable", headers="Retry-After: 60\r\n"))
        watch.expect("degraded", "http_status")
        watch.expect("up", check="https", runs=1)
        watch.expect("down", "http_status", check="upstream", runs=1)
        assert evidence(watch)["verdict"].endswith("look at nginx")
        assert watch.metrics().value("healthd_superset_backend_bypass_ok", probe="target") == 1


def test_a_static_file_is_missing_at_nginx(bench: Bench, site: Site) -> None:
    file = site.nginx.server.room / "www" / "static" / "logo.txt"
    with bench.watch(site.edge | {"static_url": f"{site.plan.edge_url}/static/logo.txt"}) as watch:
        watch.healthy()
        file.rename(file.with_suffix(".gone"))
        watch.expect("degraded", "http_status", runs=2)
        watch.expect("down", "http_status", check="static", runs=1)


def test_every_worker_of_gunicorn_is_busy(bench: Bench) -> None:
    """A worker that has begun to read a request does nothing else until it has all of it."""
    gunicorn = bench.start(Gunicorn)
    with bench.watch(bench.http_probe(gunicorn.port)) as watch:
        watch.healthy()
        slow = [socket.create_connection(("127.0.0.1", gunicorn.port)) for _ in range(4)]
        for client in slow:
            client.sendall(b"GET /health HTTP/1.1\r\n")
        runs = watch.expect("down", "saturated", phase="first_byte")
        assert "no worker answered in" in runs[-1].detail
        for client in slow:
            client.close()
        watch.recovers()


def test_the_application_is_up_while_its_database_is_dead(bench: Bench) -> None:
    plan = bench.house.new_plan()
    postgres = bench.start(Postgres, plan=plan)
    gunicorn = bench.start(Gunicorn, plan=plan)
    probes = [bench.http_probe(gunicorn.port, name="app"), bench.postgres_probe(postgres.port, name="metadata")]
    with bench.watch(*probes) as watch:
        watch.healthy()
        postgres.kill()
        watch.expect("down", {"connect_refused", "reset"}, probe="metadata")
        watch.stays("up", probe="app")
        postgres.start()
        watch.recovers(probe="metadata")
