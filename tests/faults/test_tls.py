"""Faults of TLS between the daemon and a target."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from row import Bench, Probe, Watch
from scripted import Line, Script, Scripted, http
from servers import Running
from tls_servers import Ancient, Antique, Authority, Certificate, Edge, Picky, PickyOld, self_signed

HOUR = timedelta(hours=1)


def https(port: int, authority: Authority, path: str = "/health", **tls: Any) -> Probe:
    """A probe that trusts this authority alone."""
    return {
        "kind": "nginx",
        "url": f"https://localhost:{port}{path}",
        "tls": {"ca_file": str(authority.file), **tls},
    }


@pytest.fixture
def edge(bench: Bench) -> Running[Edge]:
    return bench.start(Edge)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """For servers that are scripts."""
    return Authority(tmp_path / "scripted")


def tls_script(bench: Bench, authority: Authority, script: Script) -> Scripted:
    """Speaks TLS, but ends its connections without ending TLS."""
    own = authority.issue()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.file, own.key)
    return bench.scripted(script, tls=context)


def leaf_ends(watch: Watch) -> float:
    return watch.metrics().value("healthd_tls_leaf_not_after_timestamp_seconds", probe="target") or 0


# --- certificates ----------------------------------------------------------------------------------------------------


def expired(edge: Edge, _: Path) -> Certificate:
    return edge.authority.issue(valid=(-48 * HOUR, -1 * HOUR))


def not_yet_valid(edge: Edge, _: Path) -> Certificate:
    return edge.authority.issue(valid=(1 * HOUR, 48 * HOUR))


def other_name(edge: Edge, _: Path) -> Certificate:
    return edge.authority.issue("bi.example.com")


def other_name_and_expired(edge: Edge, _: Path) -> Certificate:
    return edge.authority.issue("bi.example.com", valid=(-48 * HOUR, -1 * HOUR))


def unknown_authority(_: Edge, folder: Path) -> Certificate:
    return Authority(folder / "stranger").issue()


def by_itself(_: Edge, folder: Path) -> Certificate:
    return self_signed(folder)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (expired, "tls_expired"),
        (not_yet_valid, "tls_not_yet_valid"),
        (other_name, "tls_hostname"),
        (other_name_and_expired, "tls_hostname"),
        (unknown_authority, "tls_untrusted"),
        (by_itself, "tls_untrusted"),
    ],
)
def test_a_certificate_that_browsers_refuse_is_told_by_its_fault(
    bench: Bench, edge: Running[Edge], tmp_path: Path, wrong: Any, reason: str
) -> None:
    certificate = wrong(edge.server, tmp_path)
    good = edge.server.authority.issue()
    with bench.watch(https(edge.port, edge.server.authority)) as watch:
        watch.healthy()
        edge.server.show(certificate, edge)
        watch.expect("down", reason)
        assert watch.metrics().value("healthd_tls_verify_ok", probe="target") == 0
        assert leaf_ends(watch) == pytest.approx(certificate.ends.timestamp(), abs=5), "the dates are known all the same"
        edge.server.show(good, edge)
        watch.recovers()
        assert watch.metrics().value("healthd_tls_verify_ok", probe="target") == 1


def test_a_certificate_that_ends_soon_is_no_outage_and_its_end_is_known(bench: Bench, edge: Running[Edge]) -> None:
    soon = edge.server.authority.issue(valid=(-1 * HOUR, 5 * 24 * HOUR))
    with bench.watch(https(edge.port, edge.server.authority)) as watch:
        watch.healthy()
        edge.server.show(soon, edge)
        watch.stays("up")
        assert leaf_ends(watch) == soon.ends.timestamp()
        verified = watch.metrics().value("healthd_tls_verified_chain_not_after_timestamp_seconds", probe="target")
        assert verified == soon.ends.timestamp()


def test_of_two_virtual_hosts_the_one_that_is_configured_answers(bench: Bench, edge: Running[Edge]) -> None:
    trusted = edge.server.authority
    second = https(edge.port, trusted, server_name="elsewhere.test")
    third = https(edge.port, trusted, server_name="nowhere.test")
    with bench.watch(third, https(edge.port, trusted), second) as watch:
        watch.begun()
        watch.expect("down", "tls_hostname")
        watch.stays("up", probe="side1")
        watch.stays("up", probe="side2")


# --- handshakes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Ancient, Antique])
def test_a_server_with_old_tls_only_is_refused(bench: Bench, kind: type[Picky]) -> None:
    old = bench.start(kind)
    with bench.watch(https(old.port, old.server.authority)) as watch:
        watch.begun()
        watch.expect("down", "tls_protocol")


def test_a_handshake_that_stalls_ends_with_the_deadline(bench: Bench, edge: Running[Edge]) -> None:
    gate = bench.gate(edge.port)
    with bench.watch(https(gate.port, edge.server.authority)) as watch:
        watch.healthy()
        gate.swallow()
        watch.expect("down", "timeout", phase="tls")
        gate.pass_on()
        watch.recovers()


def test_a_handshake_in_single_bytes_stands(bench: Bench, edge: Running[Edge]) -> None:
    gate = bench.gate(edge.port)
    with bench.watch(https(gate.port, edge.server.authority)) as watch:
        watch.healthy()
        gate.split()
        watch.stays("up")


def test_plain_http_on_the_tls_port_is_a_matter_of_protocol(bench: Bench, authority: Authority) -> None:
    with bench.watch(https(bench.web, authority)) as watch:
        watch.begun()
        watch.expect("down", "tls_protocol")


def garbage(line: Line) -> None:
    line.read()
    line.say(bytes(range(200, 256)) * 20)
    line.hold()


def test_garbage_on_the_tls_port_is_a_matter_of_protocol(bench: Bench, authority: Authority) -> None:
    server = bench.scripted(garbage)
    with bench.watch(https(server.port, authority)) as watch:
        watch.begun()
        watch.expect("down", "tls_protocol")


def close_after_hello(line: Line) -> None:
    line.read()


def reset_after_hello(line: Line) -> None:
    line.read()
    line.reset()


@pytest.mark.parametrize("script", [close_after_hello, reset_after_hello])
def test_a_handshake_that_the_server_breaks_off(bench: Bench, authority: Authority, script: Script) -> None:
    server = bench.scripted(script)
    with bench.watch(https(server.port, authority)) as watch:
        watch.begun()
        watch.expect("down", "tls_handshake")


def test_a_line_that_damages_what_the_server_says(bench: Bench, edge: Running[Edge]) -> None:
    gate = bench.gate(edge.port)
    with bench.watch(https(gate.port, edge.server.authority)) as watch:
        watch.healthy()
        gate.corrupt(at=range(0, 8))
        watch.expect("down", "tls_protocol")
        gate.pass_on()
        watch.recovers()


# --- the end of a connection -----------------------------------------------------------------------------------------


def test_a_complete_body_needs_no_farewell(bench: Bench, authority: Authority) -> None:
    def script(line: Line) -> None:
        line.request()
        line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK")

    server = tls_script(bench, authority, script)
    with bench.watch(https(server.port, authority)) as watch:
        watch.healthy()
        watch.stays("up")


@pytest.mark.parametrize("head", [b"Content-Length: 500\r\n", b""], ids=["shorter than its length", "without a length"])
def test_a_body_that_is_cut_is_no_success(bench: Bench, authority: Authority, head: bytes) -> None:
    def script(line: Line) -> None:
        line.request()
        line.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + head + b"\r\nO")

    server = tls_script(bench, authority, http())
    with bench.watch(https(server.port, authority)) as watch:
        watch.healthy()
        server.behave(script)
        watch.expect("down", {"reset", "protocol"})
        server.behave(http())
        watch.recovers()


# --- client certificates ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Picky, PickyOld], ids=["TLS 1.3", "TLS 1.2"])
def test_a_server_that_asks_for_our_certificate_says_so(bench: Bench, tmp_path: Path, kind: type[Picky]) -> None:
    picky = bench.start(kind)
    trusted = picky.server.authority
    right, wrong = trusted.issue("monitor"), Authority(tmp_path / "stranger").issue("monitor")
    probes = [
        https(picky.port, trusted, path="/"),
        https(picky.port, trusted, path="/", cert_file=str(wrong.file), key_file=str(wrong.key)),
        https(picky.port, trusted, path="/", cert_file=str(right.file), key_file=str(right.key)),
    ]
    with bench.watch(*probes) as watch:
        watch.begun()
        none = watch.expect("down", "tls_handshake")
        refused = watch.expect("down", "tls_handshake", probe="side1")
        watch.stays("up", probe="side2")
        assert "for a client certificate" in none[-1].detail
        assert "refuses our client certificate" in refused[-1].detail
