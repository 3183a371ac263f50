"""Behind a proxy that has the daemon below a path of its own, as `web.external_url` of the sample says."""

from __future__ import annotations

import html.parser
import re
import subprocess
import urllib.request
from pathlib import Path
from typing import Callable, Iterator
from urllib.parse import urldefrag, urljoin

import pytest
from place import Place
from stack.nginx import nginx_conf
from stack.ports import free_ports
from stack.waiting import wait_until

SITE = """\
  server {{
    listen 127.0.0.1:{port};
    location /healthd/ {{
      proxy_pass http://127.0.0.1:{healthd}/;
      proxy_set_header Host ops.example.com;
    }}
  }}
"""


class Links(html.parser.HTMLParser):
    """What a page leads to, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name in ("href", "src", "action") and value}


@pytest.fixture
def proxied(make_place: Callable[..., Place], tmp_path: Path) -> Iterator[str]:
    """The address of the status page at a real nginx, with an incident to lead to."""
    place = make_place(options={"external_url": "https://ops.example.com/healthd"})
    place.say = lambda request: b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
    port = free_ports(["proxy"])["proxy"]
    room = tmp_path / "nginx"
    room.mkdir()
    (room / "nginx.conf").write_text(nginx_conf(SITE.format(port=port, healthd=place.port)))
    command = ["/usr/sbin/nginx", "-p", f"{room}/", "-e", "stderr", "-c", "nginx.conf"]
    nginx = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        home = f"http://127.0.0.1:{port}/healthd/"
        wait_until(lambda: "/incidents/2" in read(home), 20, "the status page behind the proxy leads to an incident", step=0.1)
        yield home
    finally:
        nginx.terminate()
        nginx.wait(10)


def read(url: str) -> str:
    """Empty where it cannot be had."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def test_every_link_leads_on(proxied: str) -> None:
    seen: set[str] = set()
    todo = [proxied]
    while todo:
        url = todo.pop()
        seen.add(url)
        text = read(url)
        assert text, f"{url} cannot be had"
        if not text.startswith("<!doctype html>"):
            continue
        for link in Links(text).found:
            target = urldefrag(urljoin(url, link)).url
            if target.startswith("https://"):
                assert target.startswith("https://ops.example.com/healthd/runbooks/") or "/runbooks/" in url, f"{url} leads to {target}"
                continue
            assert target.startswith(proxied), f"{url} leads to {target}"
            if target not in seen and target not in todo:
                todo.append(target)
    names = {re.sub(r"^[^/]*//[^/]*/healthd", "", url) for url in seen}
    assert {"/", "/style.css", "/status.js", "/incidents/", "/runbooks/", "/runbooks/superset-web-down", "/metrics"} <= names
    assert [name for name in names if re.fullmatch(r"/incidents/2[\w-]+", name)], names
