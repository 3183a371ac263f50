"""Rules about time: who waits for whom, and for how long."""

from __future__ import annotations

from typing import Iterator

from .deployment import Deployment
from .findings import Finding, Found
from .nginx import Directive


def _front_door(deployment: Deployment) -> Directive | None:
    """The server that passes requests to Superset."""
    for server in deployment.nginx.anywhere("server"):
        if any(server.anywhere("proxy_pass")):
            return server
    return None


def _read_timeout(deployment: Deployment) -> Found | None:
    """What holds in the location that takes everything else: its own, else the server's."""
    server = _front_door(deployment)
    if server is None:
        return None
    rest = [location for location in server.inside("location") if location.words == ["/"]]
    for block in [*rest, server]:
        for directive in block.inside("proxy_read_timeout"):
            return directive.found
    return Found("60s", server.place)


def timeouts_rise(deployment: Deployment) -> Iterator[Finding]:
    environment = deployment.environment("superset")
    chain = [
        ("DB_STATEMENT_TIMEOUT", environment.get("DB_STATEMENT_TIMEOUT")),
        ("SUPERSET_WEBSERVER_TIMEOUT", environment.get("SUPERSET_WEBSERVER_TIMEOUT")),
        ("gunicorn's --timeout", deployment.option("superset", "--timeout")),
        ("nginx' proxy_read_timeout", _read_timeout(deployment)),
    ]
    for name, found in chain:
        if found is None:
            yield Finding(deployment.place("superset"), f"{name} is not set", "set it; the default is too short")
    known = [(name, found) for name, found in chain if found is not None]
    for (inner, low), (outer, high) in zip(known, known[1:]):
        if not 0 < low.seconds() < high.seconds():
            message = f"{outer} ({high.text}) is not longer than {inner} ({low.text})"
            yield Finding(high.place, message, "let each timeout be longer than the one further in, and none of them 0")


def foreground_queries_end_in_time(deployment: Deployment) -> Iterator[Finding]:
    environment = deployment.environment("superset")
    query, page = environment.get("SQLLAB_TIMEOUT"), environment.get("SUPERSET_WEBSERVER_TIMEOUT")
    if query and page and query.seconds() >= page.seconds():
        message = f"SQLLAB_TIMEOUT ({query.text}) is not shorter than SUPERSET_WEBSERVER_TIMEOUT ({page.text})"
        yield Finding(query.place, message, "shorten it, or let long queries run in the background")


def connections_outlive_nginx(deployment: Deployment) -> Iterator[Finding]:
    gunicorn = deployment.option("superset", "--keep-alive") or Found("2", deployment.place("superset", "command"))
    for upstream in deployment.nginx.anywhere("upstream"):
        if not any(server.words[0].startswith("superset:") for server in upstream.inside("server")):
            continue
        kept = [directive.found for directive in upstream.inside("keepalive_timeout")] or [Found("60s", upstream.place)]
        if gunicorn.seconds() <= kept[-1].seconds():
            message = f"gunicorn's --keep-alive ({gunicorn.text}) is not longer than nginx' ({kept[-1].text})"
            fix = "raise GUNICORN_KEEPALIVE, or nginx sends requests into connections that gunicorn closes: random 502"
            yield Finding(gunicorn.place, message, fix)


def tasks_end_before_they_are_given_again(deployment: Deployment) -> Iterator[Finding]:
    visible = deployment.superset.at("CELERY_CONFIG", "broker_transport_options", "visibility_timeout") or 3600
    # Superset kills a query of SQL Lab a minute after its limit, and 21660 s is written into its task.
    longest = max(int(deployment.superset.at("SQLLAB_ASYNC_TIME_LIMIT_SEC") or 0) + 60, 21660)
    if visible <= longest:
        place = deployment.superset.place("CELERY_CONFIG", "broker_transport_options", "visibility_timeout")
        given = deployment.environment("worker").get("CELERY_VISIBILITY_TIMEOUT")
        message = f"visibility_timeout ({visible}) is not longer than the longest task ({longest} s)"
        fix = "raise CELERY_VISIBILITY_TIMEOUT, or such a task runs twice"
        yield Finding(given.place if given else place, message, fix)


def the_monitor_knows_the_visibility_timeout(deployment: Deployment) -> Iterator[Finding]:
    ours = deployment.environment("worker").get("CELERY_VISIBILITY_TIMEOUT")
    for file in deployment.healthd:
        for index, probe in enumerate(file.at("probes") or []):
            if probe.get("kind") != "celery" or ours is None:
                continue
            theirs = Found(probe.get("visibility_timeout", "1h"), file.place("probes", index, "visibility_timeout"))
            if theirs.seconds() != ours.seconds():
                message = f"visibility_timeout is {theirs.text} here and {ours.text} for the workers"
                yield Finding(theirs.place, message, f"write visibility_timeout: {ours.text}s")


def shutdown_is_given_time(deployment: Deployment) -> Iterator[Finding]:
    for service, least in (("superset", 60), ("worker", 120)):
        given = deployment.get(service, "stop_grace_period") or Found("10s", deployment.place(service))
        if given.seconds() < least:
            message = f"{service} is killed {given.text} after it was asked to stop"
            yield Finding(given.place, message, f"set stop_grace_period: {least}s, so that work under way ends")
    graceful = deployment.option("superset", "--graceful-timeout")
    given = deployment.get("superset", "stop_grace_period")
    if graceful and given and graceful.seconds() >= given.seconds():
        message = f"--graceful-timeout ({graceful.text}) is not shorter than stop_grace_period ({given.text})"
        yield Finding(graceful.place, message, "shorten it, or Docker kills gunicorn while it waits")


RULES = (
    timeouts_rise,
    foreground_queries_end_in_time,
    connections_outlive_nginx,
    tasks_end_before_they_are_given_again,
    the_monitor_knows_the_visibility_timeout,
    shutdown_is_given_time,
)
