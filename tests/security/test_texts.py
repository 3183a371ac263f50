"""Words that come from targets are shown as words: in HTML, Markdown, JSON, logs and messages."""

from __future__ import annotations

import ctypes
import ctypes.util
import json
from html.parser import HTMLParser
from typing import Any, Callable

from place import Place
from scripted import Line, Scripted
from stack.receiver import Receiver
from stack.waiting import wait_until
from test_canaries import error

MARKUP = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><svg/onload=alert(1)>", "</td></table><iframe src=//evil>",
    "<a href=javascript:alert(1)>x</a>", "{{7*7}}${7*7}<%= 7 %>", "[x](javascript:alert(1))", "![x](http://evil.example/x.png)",
    "<!--", "]]>", "`code`</code><b>", "&lt;script&gt;", "\u2028\u202eevil", "# heading",
]  # fmt: skip
ACTIVE = {"script", "img", "iframe", "object", "embed", "form", "input", "base", "b"}
CMARK_OPT_UNSAFE = 1 << 17
INCIDENT_HEADS = {"Cause", "Effects that were held back", "Also told meanwhile", "Timeline", "What users felt",
                  "Why it could happen", "What went well", "What went badly", "What we change", "Incident"}  # fmt: skip
LINKS = ("/", "#", "http://127.0.0.1", "https://ops.example.com")


class Page(HTMLParser):
    """What a browser would make of it: elements, and where their attributes lead."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.bad: list[str] = []
        self.words: list[str] = []
        self.heads: set[str] = set()
        self._in_head = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._in_head = tag in ("h1", "h2", "h3")
        own = tag == "script" and dict(attributes).get("src") in ("./status.js", "../status.js")  # whose text is ours, and not in the page
        if tag in ACTIVE and not own:
            self.bad.append(f"<{tag}>")
        for name, value in attributes:
            if name.startswith("on") or name == "style":
                self.bad.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action") and value and ":" in value and not value.startswith(LINKS):
                self.bad.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._in_head:
            self.heads.add("Incident" if data.startswith("Incident ") else data)
            self._in_head = False


def test_no_markup_of_a_target_reaches_a_page_a_file_or_a_message(make_place: Callable[..., Place]) -> None:
    hook = Receiver()
    turn = {"now": MARKUP[0]}

    def http(line: Line) -> None:
        while True:
            line.request()
            words = turn["now"].encode()
            status = words.replace(b"\r", b"").replace(b"\n", b"")
            line.say(b"HTTP/1.1 500 " + status + b"\r\nLocation: " + status + b"\r\nX-Kind: " + status +
                     b"\r\nContent-Length: %d\r\n\r\n" % len(words) + words)  # fmt: skip

    def moved(line: Line) -> None:
        while True:
            line.request()
            words = turn["now"].encode()
            line.say(b"HTTP/1.1 302 " + words + b"\r\nLocation: " + words + b"\r\nX-Kind: " + words + b"\r\nContent-Length: 0\r\n\r\n")

    def postgres(line: Line) -> None:
        if line.read()[4:8] == b"\x04\xd2\x16\x2f":
            line.say(b"N")
            line.read()
        line.say(error("XX000", turn["now"].encode()))

    servers = [Scripted(http), Scripted(moved), Scripted(postgres)]
    web, redirect, database = (server.port for server in servers)
    place = make_place(
        options={"external_url": "https://ops.example.com/healthd"},
        probes=[
            {"name": "edge", "kind": "nginx", "url": f"http://127.0.0.1:{redirect}/", "redirect_url": f"http://127.0.0.1:{redirect}/",
             "expect_header": {"X-Kind": "stranger"}, "expect_status": [200, 302]},
            {"name": "app", "kind": "gunicorn", "url": f"http://127.0.0.1:{web}/", "expect_body": "never there"},
            {"name": "metadata", "kind": "postgres", "dsn": f"host=127.0.0.1 port={database} dbname=s user=h sslmode=disable"},
        ],
        receivers=[{"name": "hook", "webhook": {"url": hook.url + "/hook"}}],
    )  # fmt: skip
    try:
        shown = 0
        for words in MARKUP:
            turn["now"] = words
            counted = runs(place)
            wait_until(lambda: all(now > before + 1 for now, before in zip(runs(place), counted)), 20, "each probe ran anew")
            shown += look(place)
        assert shown > len(MARKUP) // 2, "the words of the targets are not shown at all: this tests nothing"
        wait_until(lambda: len(hook.messages) > 0, 20, "the receiver is told")
        for message in hook.messages:
            inspect_strings(message.body)
        for line in place.log_text().splitlines():
            assert "\x1b" not in line and "\u2028" not in line and "\u202e" not in line, line
    finally:
        hook.close()
        for server in servers:
            server.close()


def runs(place: Place) -> list[float]:
    lines = [line for line in place.page("/metrics").splitlines() if line.startswith("healthd_probe_runs_total")]
    assert len(lines) == 3, lines
    return [float(line.rsplit(" ", 1)[1]) for line in lines]


def look(place: Place) -> int:
    """Every page; how many of them show words of a target."""
    incidents = json.loads(place.page("/api/v1/incidents"))["incidents"]
    paths = ["/", "/runbooks/", "/incidents/", *(f"/incidents/{each['id']}" for each in incidents)]
    found = 0
    for path in paths:
        page = Page(place.page(path))
        assert not page.bad, f"{path}: {page.bad}"
        found += any(words.strip() in "".join(page.words) for words in MARKUP)
    for path in ("/api/v1/status", "/api/v1/alerts", "/api/v1/incidents"):
        answer = place.get(path)
        assert answer.field("Content-Type") == "application/json"
        inspect_strings(json.loads(answer.body))
    for incident in incidents:
        answer = place.get(f"/api/v1/incidents/{incident['id']}.md")
        assert answer.field("Content-Type").startswith("text/markdown")
        page = Page(rendered(answer.body))
        assert not page.bad, f"{page.bad} of\n{answer.body.decode()}"
        assert page.heads <= INCIDENT_HEADS, f"{page.heads - INCIDENT_HEADS} of\n{answer.body.decode()}"
    return found


def rendered(markdown: bytes) -> str:
    """As a viewer makes it that lets HTML pass."""
    library = ctypes.CDLL(ctypes.util.find_library("cmark") or "libcmark.so")
    library.cmark_markdown_to_html.restype = ctypes.c_char_p
    made = library.cmark_markdown_to_html(markdown, ctypes.c_size_t(len(markdown)), CMARK_OPT_UNSAFE)
    return str(made.decode())


def inspect_strings(value: Any) -> None:
    """JSON carries the words as they are, but no control characters and no bidirectional tricks."""
    if isinstance(value, dict):
        for key, each in value.items():
            inspect_strings(key)
            inspect_strings(each)
    elif isinstance(value, list):
        for each in value:
            inspect_strings(each)
    elif isinstance(value, str):
        assert not any(letter in value for letter in "\x00\x1b\u2028\u2029\u202a\u202e\u2066"), repr(value)
