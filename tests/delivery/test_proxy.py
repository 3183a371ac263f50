"""The way out through a real forward proxy, when and only when the configuration says so."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Iterator

import pytest

from house import House, MakeHouse
from stack.certificates import Authority
from stack.ports import free_ports
from stack.waiting import wait_until

LOGIN = ("monitor", "s3cr3t-of-the-proxy")


class Proxy:
    """tinyproxy, which wants a login and says in its log what it passed on."""

    def __init__(self, folder: Path) -> None:
        self.port = free_ports(["proxy"])["proxy"]
        self.log = folder / "tinyproxy.log"
        file = folder / "tinyproxy.conf"
        file.write_text(
            f'Port {self.port}\nListen 127.0.0.1\nTimeout 20\nLogFile "{self.log}"\nLogLevel Connect\n'
            f"MaxClients 20\nAllow 127.0.0.1\nBasicAuth {LOGIN[0]} {LOGIN[1]}\n"
        )
        self.process = subprocess.Popen(["tinyproxy", "-d", "-c", str(file)], stdin=subprocess.DEVNULL)
        wait_until(self._listens, 10, "tinyproxy listens")

    def _listens(self) -> bool:
        assert self.process.poll() is None, f"tinyproxy ended at once: {self.passed_on()}"
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def passed_on(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)


class TlsPeer:
    """A receiver behind TLS."""

    def __init__(self, authority: Authority) -> None:
        self.taken: list[Any] = []
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802
                taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.folder / "server.pem", authority.folder / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def states(self) -> list[str]:
        return [body["status"] for body in self.taken]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    proxy = Proxy(tmp_path)
    yield proxy
    proxy.close()


@pytest.fixture
def tls_peer(tmp_path: Path) -> Iterator[TlsPeer]:
    authority = Authority(tmp_path / "ca")
    authority.create()
    authority.issue(timedelta(days=30))
    peer = TlsPeer(authority)
    yield peer
    peer.close()


def through(house: House, proxy: Proxy, password: str = LOGIN[1]) -> dict[str, Any]:
    file = house.folder / "proxy.pw"
    file.touch(mode=0o600)
    file.write_text(password)
    return {"url": f"http://127.0.0.1:{proxy.port}", "username": LOGIN[0], "password_file": str(file)}


def test_a_message_over_tls_takes_a_tunnel(make_house: MakeHouse, proxy: Proxy, tls_peer: TlsPeer, tmp_path: Path) -> None:
    house = make_house()

    def over_tls(configuration: dict[str, Any]) -> None:
        hook = configuration["receivers"][0]["webhook"]
        hook |= {"url": tls_peer.url, "proxy": through(house, proxy), "tls": {"ca_file": str(tmp_path / "ca" / "ca.pem")}}

    house.start(change=over_tls)
    house.targets[0].turn(False)
    wait_until(lambda: tls_peer.states() == ["firing"], 15, "the peer is told")
    house.targets[0].turn(True)
    wait_until(lambda: tls_peer.states() == ["firing", "resolved"], 15, "and of the end")
    assert "CONNECT localhost" in proxy.passed_on()


def test_a_message_without_tls_is_read_by_the_proxy(make_house: MakeHouse, proxy: Proxy) -> None:
    house = make_house()
    house.start(change=lambda all_: all_["receivers"][0]["webhook"].update(proxy=through(house, proxy)))
    house.targets[0].turn(False)
    house.wait_told("hook", "firing")
    assert f"POST {house.peers['hook'].url}" in proxy.passed_on()
    assert not any(name.lower().startswith("proxy-") for each in house.peers["hook"].heard for name in each.headers)


def test_a_proxy_that_refuses_us_is_named_and_the_password_is_not(make_house: MakeHouse, proxy: Proxy) -> None:
    house = make_house()

    def wrong(configuration: dict[str, Any]) -> None:
        configuration["receivers"][0]["webhook"].update(url="https://127.0.0.1:1/hook", proxy=through(house, proxy, "another-s3cr3t"))

    house.start(change=wrong)
    house.targets[0].turn(False)
    words = f"the proxy 127.0.0.1:{proxy.port} answered HTTP 401 to CONNECT"
    wait_until(lambda: words in house.log_text() or "HTTP 407 to CONNECT" in house.log_text(), 15, "the log names the proxy")
    assert "another-s3cr3t" not in house.log_text()


def test_the_environments_proxies_count_for_nothing(make_house: MakeHouse) -> None:
    house = make_house()
    nowhere = "http://127.0.0.1:1"
    house.wrap = ["env", *(f"{name}={nowhere}" for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"))]
    house.start()
    house.targets[0].turn(False)
    house.wait_told("hook", "firing")
