"""What every answer of the web server says to a browser, and what no page contains. Needs no browser."""

from __future__ import annotations

import http.client
import re
from contextlib import closing

import pytest

from small_stack import SmallStack

STRICT = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LIVE = STRICT.replace("'none'; style", "'none'; script-src 'self'; connect-src 'self'; style", 1)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ROUTES = {
    "/": (200, LIVE),
    "/incidents/": (200, LIVE),
    "/incidents/nothing": (404, STRICT),
    "/runbooks/": (200, STRICT),
    "/runbooks/postgres-down": (200, STRICT),
    "/runbooks/..%2f..%2fetc%2fpasswd": (404, STRICT),
    "/style.css": (200, STRICT),
    "/status.js": (200, STRICT),
    "/icon/down.svg": (200, STRICT),
    "/icon/other.svg": (404, STRICT),
    "/metrics": (200, STRICT),
    "/api/v1/status": (200, STRICT),
    "/api/v1/alerts": (200, STRICT),
    "/api/v1/incidents": (200, STRICT),
    "/-/healthy": (200, STRICT),
    "/-/ready": (200, STRICT),
    "/nothing": (404, STRICT),
}


def ask(stack: SmallStack, path: str, method: str = "GET", body: str | None = None) -> http.client.HTTPResponse:
    with closing(http.client.HTTPConnection("127.0.0.1", stack.house.port, timeout=5)) as connection:
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.text = answer.read().decode()  # type: ignore[attr-defined]
        return answer


def check(answer: http.client.HTTPResponse, policy: str = STRICT) -> None:
    assert answer.headers["Content-Security-Policy"] == policy
    assert {name: answer.headers[name] for name in FIXED} == FIXED


@pytest.mark.parametrize("path", ROUTES)
def test_every_route_has_the_strict_headers(stack: SmallStack, path: str) -> None:
    status, policy = ROUTES[path]
    answer = ask(stack, path)
    assert answer.status == status
    check(answer, policy)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_changed_and_the_refusal_has_the_headers(stack: SmallStack, method: str) -> None:
    answer = ask(stack, "/", method)
    assert answer.status == 405
    check(answer)


def test_what_is_too_long_or_has_a_body_is_refused_with_the_headers(stack: SmallStack) -> None:
    for answer, status in ((ask(stack, "/" + "x" * 3000), 414), (ask(stack, "/", body="x"), 413)):
        assert answer.status == status
        check(answer)


@pytest.mark.parametrize("path", ["/", "/incidents/", "/runbooks/", "/runbooks/postgres-down"])
def test_no_page_has_a_script_or_style_of_its_own(stack: SmallStack, path: str) -> None:
    page = stack.house.page(path)
    assert re.findall(r"<script(?! src=\"\.\.?/status\.js\" defer></script>)", page) == []
    inside_tags = " ".join(re.findall(r"<[a-z][^>]*>", page))
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", inside_tags) == []
    loaded = re.findall(r"(?:src|<link[^>]*href)=\"([^\"]+)\"", page)
    assert [each for each in loaded if not each.startswith(("./", "../"))] == []
    assert ("http-equiv=\"refresh\"" in page) == (path in ("/", "/incidents/"))
