"""Rules about nginx: what passes, what is added, what is shown when nothing works."""

from __future__ import annotations

from typing import Iterator

from .deployment import Deployment
from .findings import Finding, size
from .nginx import Directive

LEAST_BUFFER = 32 * 1024


def header_buffers_are_large(deployment: Deployment) -> Iterator[Finding]:
    for name, why in (("proxy_buffer_size", "answers with long headers are 502"),
                      ("large_client_header_buffers", "long URLs and cookies are 400 and 414")):  # fmt: skip
        set_ones = list(deployment.nginx.anywhere(name))
        if not set_ones:
            yield Finding(deployment.nginx.place, f"{name} is not set: {why}", f"set {name} to at least 32k")
        for directive in set_ones:
            if size(directive.words[-1]) < LEAST_BUFFER:
                message = f"{name} is {directive.words[-1]}: {why}"
                yield Finding(directive.place, message, "let it be at least 32k")


def _locations(deployment: Deployment) -> Iterator[Directive]:
    for server in deployment.nginx.anywhere("server"):
        if any("ssl" in listen.words for listen in server.inside("listen")):
            yield from server.anywhere("location")


def no_location_loses_headers(deployment: Deployment) -> Iterator[Finding]:
    needed = {
        "add_header": ("Strict-Transport-Security", "snippets/headers.conf"),
        "proxy_set_header": ("X-Forwarded-Proto", "snippets/proxy_headers.conf"),
    }
    for location in _locations(deployment):
        for name, (header, snippet) in needed.items():
            own = location.inside(name)
            if own and header not in [directive.words[0] for directive in own]:
                message = f"this location has its own {name}, so it inherits none: {header} is lost"
                yield Finding(own[0].place, message, f"include {snippet} in it")


def answers_say_https_only(deployment: Deployment) -> Iterator[Finding]:
    for server in deployment.nginx.anywhere("server"):
        if not any("ssl" in listen.words for listen in server.inside("listen")):
            continue
        headers = {directive.words[0]: directive for directive in server.inside("add_header")}
        strict = headers.get("Strict-Transport-Security")
        if strict is None:
            fix = "include snippets/headers.conf in it"
            yield Finding(server.place, "this server sends no Strict-Transport-Security", fix)
        elif "always" not in strict.words:
            yield Finding(strict.place, "errors are sent without this header", "end the line with `always`")


def old_tls_is_off(deployment: Deployment) -> Iterator[Finding]:
    set_ones = list(deployment.nginx.anywhere("ssl_protocols"))
    if not set_ones:
        yield Finding(deployment.nginx.place, "ssl_protocols is not set", "write ssl_protocols TLSv1.2 TLSv1.3")
    for directive in set_ones:
        old = [word for word in directive.words if word not in ("TLSv1.2", "TLSv1.3")]
        if old:
            yield Finding(directive.place, f"{', '.join(old)} can be broken", "write ssl_protocols TLSv1.2 TLSv1.3")


def the_maintenance_page_exists(deployment: Deployment) -> Iterator[Finding]:
    for directive in deployment.nginx.anywhere("error_page"):
        page = directive.words[-1]
        if page.startswith("/") and not (deployment.folder / "nginx" / "html" / page[1:]).is_file():
            message = f"nginx/html{page} is missing, so that these errors become 404"
            yield Finding(directive.place, message, "restore the page")


def one_failure_locks_nobody_out(deployment: Deployment) -> Iterator[Finding]:
    for upstream in deployment.nginx.anywhere("upstream"):
        servers = upstream.inside("server")
        if len(servers) == 1 and "max_fails=0" not in servers[0].words:
            message = "after one failure nginx asks this only server no more for ten seconds"
            yield Finding(servers[0].place, message, "add max_fails=0")


RULES = (
    header_buffers_are_large,
    no_location_loses_headers,
    answers_say_https_only,
    old_tls_is_off,
    the_maintenance_page_exists,
    one_failure_locks_nobody_out,
)
