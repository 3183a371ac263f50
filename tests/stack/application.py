"""What Superset looks like from outside: a constant health page and a page that needs the metadata database."""

from __future__ import annotations

import os
import random
import time
from typing import Any, Callable, Iterable

import psycopg2

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def health() -> tuple[str, str]:
    """A constant, exactly as in Superset: it says nothing about the database."""
    return "200 OK", "OK"


def login() -> tuple[str, str]:
    """Superset renders its login page from what it reads in PostgreSQL."""
    try:
        connection = psycopg2.connect(os.environ["SUPERSET_DSN"])
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM ab_user")
                users = cursor.fetchone()[0]
        finally:
            connection.close()
    except psycopg2.Error:
        return "500 Internal Server Error", "the metadata database does not answer"
    return "200 OK", f"<!doctype html><title>Superset</title><p>Sign in ({users} users)"


def static() -> tuple[str, str]:
    return "200 OK", "a static file, served without nginx"


PAGES: dict[str, Callable[[], tuple[str, str]]] = {"/health": health, "/login/": login, "/static/logo.txt": static}


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    time.sleep(random.uniform(0, float(os.environ["SLOWEST_ANSWER"])))
    page = PAGES.get(environ["PATH_INFO"])
    status, text = page() if page else ("404 Not Found", "no such page")
    body = text.encode()
    kind = "text/html; charset=utf-8" if body.startswith(b"<!doctype") else "text/plain; charset=utf-8"
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
