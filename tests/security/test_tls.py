"""Our TLS listener, as a scanner and as clients with and without certificates see it."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any, Callable

import pytest
from certificates import Certificates
from place import PASSWORD, Place, bcrypt
from stack.waiting import wait_until

OLD = {("ssl", "2"), ("ssl", "3"), ("tls", "1.0"), ("tls", "1.1")}
NEW = {("tls", "1.2"), ("tls", "1.3")}


def web_file(certificates: Certificates, name: str = "server", **tls: Any) -> dict[str, Any]:
    files = {"cert_file": certificates.file(f"{name}.pem"), "key_file": certificates.file(f"{name}.key")}
    return {"tls_server_config": files | tls}


def trusting(certificates: Certificates, client: str = "") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates.file("ca.pem"))
    if client:
        context.load_cert_chain(certificates.file(f"{client}.pem"), certificates.file(f"{client}.key"))
    return context


@pytest.mark.parametrize("name", ["server", "server_rsa"])
def test_a_scanner_finds_nothing_old_or_weak(make_place: Callable[..., Place], certificates: Certificates, name: str) -> None:
    program = shutil.which("sslscan")
    assert program, "sslscan is missing: apt-get install sslscan"
    place = make_place(web=web_file(certificates, name), tls=trusting(certificates))
    done = subprocess.run(
        [program, "--xml=-", "--no-colour", f"127.0.0.1:{place.port}"], capture_output=True, text=True, timeout=60
    )
    test = ElementTree.fromstring(done.stdout[done.stdout.index("<?xml") :]).find("ssltest")
    assert test is not None, done.stdout + done.stderr
    spoken = {(p.get("type"), p.get("version")) for p in test.findall("protocol") if p.get("enabled") == "1"}
    assert spoken == NEW and not spoken & OLD
    ciphers = [str(cipher.get("cipher")) for cipher in test.findall("cipher") if cipher.get("status") != "rejected"]
    print(ciphers)
    assert ciphers
    for cipher in ciphers:
        assert cipher.startswith(("TLS_", "ECDHE-")), f"{cipher}: no forward secrecy"
        assert "GCM" in cipher or "CHACHA20" in cipher, f"{cipher}: no authenticated encryption"
    for compression in test.findall("compression"):
        assert compression.get("supported") == "0"
    for renegotiation in test.findall("renegotiation"):
        assert renegotiation.get("supported") == "0"
    for bleeding in test.findall("heartbleed"):
        assert bleeding.get("vulnerable") == "0"


def test_a_client_certificate_is_required_where_the_file_says_so(
    make_place: Callable[..., Place], certificates: Certificates
) -> None:
    web = web_file(certificates, client_auth_type="RequireAndVerifyClientCert", client_ca_file=certificates.file("ca.pem"))
    place = make_place(web=web, tls=trusting(certificates, "client"))
    assert place.get("/metrics").status == 200
    for client in ["", "stranger"]:
        place.tls = trusting(certificates, client)
        for page in ["/metrics", "/-/healthy"]:
            assert refused(place, page), f"{client or 'nobody'} gets {page}"
    place.web["tls_server_config"]["client_allowed_sans"] = ["somebody.else"]
    place.write()
    place.tls = trusting(certificates, "client")
    wait_until(lambda: refused(place, "/metrics"), 15, "the new list of names is used")


def refused(place: Place, page: str) -> bool:
    try:
        return place.get(page).status == 0
    except (ssl.SSLError, ConnectionError):
        return True


def test_plain_http_to_a_tls_port_is_closed_and_harms_nobody(make_place: Callable[..., Place], certificates: Certificates) -> None:
    place = make_place(web=web_file(certificates), tls=trusting(certificates))
    encrypted, place.tls = place.tls, None
    assert place.get("/metrics").status == 0
    place.tls = encrypted
    assert place.get("/metrics").status == 200


def test_a_new_certificate_is_taken_up_and_a_broken_one_is_not(
    make_place: Callable[..., Place], certificates: Certificates, tmp_path: Path
) -> None:
    copies = {"cert_file": tmp_path / "own.pem", "key_file": tmp_path / "own.key"}

    def put(name: str) -> None:
        for kind, copy in copies.items():
            copy.write_bytes(Path(certificates.file(name + (".pem" if kind == "cert_file" else ".key"))).read_bytes())

    def subject() -> str:
        with place.connect() as connection, trusting(certificates).wrap_socket(connection, server_hostname="localhost") as tls:
            return str(dict(part[0] for part in tls.getpeercert()["subject"])["commonName"])

    put("server")
    place = make_place(web={"tls_server_config": {key: str(file) for key, file in copies.items()}}, tls=trusting(certificates))
    assert subject() == "server"
    put("server_rsa")
    wait_until(lambda: subject() == "server_rsa", 15, "the new certificate is shown")
    copies["cert_file"].write_text("nonsense")
    wait_until(lambda: "web_config_kept" in place.log_text(), 15, "the broken certificate is reported")
    assert subject() == "server_rsa"


def test_prometheus_takes_the_same_file(make_place: Callable[..., Place], certificates: Certificates) -> None:
    promtool = shutil.which("promtool")
    assert promtool, "promtool is missing: apt-get install prometheus"
    web = web_file(
        certificates, client_auth_type="RequireAndVerifyClientCert", client_ca_file=certificates.file("ca.pem"),
        min_version="TLS12", max_version="TLS13", prefer_server_cipher_suites=True,
        cipher_suites=["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"],
        curve_preferences=["X25519", "CurveP256"],
    ) | {
        "http_server_config": {"http2": False, "headers": {"Strict-Transport-Security": "max-age=31536000"}},
        "basic_auth_users": {"prometheus": bcrypt(PASSWORD, 5)},
    }  # fmt: skip
    place = make_place(web=web, tls=trusting(certificates, "client"))
    file = place.folder / "web.yml"
    done = subprocess.run([promtool, "check", "web-config", str(file)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.get("/-/healthy").field("Strict-Transport-Security") == "max-age=31536000"
    assert place.get("/metrics").status == 401


def test_a_bad_web_file_stops_the_start_with_78_and_its_line(make_place: Callable[..., Place], certificates: Certificates) -> None:
    place = make_place()
    assert place.process
    place.process.kill()
    place.process.wait()
    for web, told in [
        (web_file(certificates, min_version="TLS10"), "min_version"),
        ({"basic_auth_user": {}}, "did you mean \"basic_auth_users\"?"),
        ({"basic_auth_users": {"alice": "in the clear"}}, "no bcrypt hash"),
        (web_file(certificates) | {"tls_server_config": {"cert_file": "/nonexistent.pem", "key_file": "/none"}}, "/nonexistent.pem"),
    ]:
        place.web = web
        place.log.write_text("")
        place.start(wait=False)
        assert place.process.wait(20) == 78
        assert told in place.log_text()
        done = subprocess.run([str(place.binary), "check-config", *place.write()], capture_output=True, text=True, timeout=20)
        assert done.returncode == 1 and told in done.stdout


def test_what_takes_any_certificate_is_shown(make_place: Callable[..., Place]) -> None:
    """In the log, as a metric and on the status page; the rest is verified."""
    hook = {"url": "https://127.0.0.1:1/hook", "tls": {"insecure_skip_verify": True}}
    place = make_place(
        probes=[{"name": name, "kind": "gunicorn", "url": "https://127.0.0.1:1/health"} | more
                for name, more in (("app", {"tls": {"insecure_skip_verify": True}}), ("other", {}))],
        receivers=[{"name": "loose", "webhook": hook}, {"name": "strict", "webhook": {"url": "https://127.0.0.1:1/hook"}}],
    )  # fmt: skip
    lines = [line for line in place.page("/metrics").splitlines() if line.startswith("healthd_tls_verification_disabled")]
    assert lines == ['healthd_tls_verification_disabled{part="probe",name="app"} 1',
                     'healthd_tls_verification_disabled{part="receiver",name="loose"} 1']  # fmt: skip
    assert "not verified (insecure_skip_verify): probe app, receiver loose." in place.page("/")
    assert place.log_text().count("insecure_skip_verify: the certificate is not verified") == 2
