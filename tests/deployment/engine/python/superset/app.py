"""The web application: a constant health page, and a login page that needs the metadata database."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Callable, Iterable, Iterator

from psycopg2 import Error

from superset.database import query
from superset.security import SecurityManager

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Application:
    """Called by gunicorn for each request, and by make_admin.py as the application that it takes for Flask's."""

    appbuilder = SimpleNamespace(sm=SecurityManager())

    @contextmanager
    def app_context(self) -> Iterator[None]:
        yield

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        status, text = self._page(environ["PATH_INFO"])
        kind = "text/html" if text.startswith("<!doctype") else "text/plain"
        start_response(status, [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(text)))])
        return [text.encode()]

    def _page(self, path: str) -> tuple[str, str]:
        if path in ("/health", "/healthcheck", "/ping"):
            return "200 OK", "OK"
        if path != "/login/":
            return "404 Not Found", "no such page"
        try:
            users = query("select count(*) from ab_user")[0][0]
        except Error as error:
            print(f"{type(error).__module__}.{type(error).__name__}: {error}", flush=True)
            return "500 Internal Server Error", "the metadata database does not answer"
        return "200 OK", f"<!doctype html><title>Superset</title><p>Sign in ({users} users)"


def create_app() -> Application:
    return Application()
