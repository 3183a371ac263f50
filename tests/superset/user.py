"""Somebody with a browser: cookies, forms and the API, through nginx."""

from __future__ import annotations

import json
import re
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import urlencode

from edge import Answer, Edge

ORIGIN = "https://bi.example.com"


class User:
    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.cookies: SimpleCookie = SimpleCookie()

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        headers["Referer"] = f"{ORIGIN}/"
        answer = self.edge.ask(path, method, headers, body)
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookies.load(line)
        return answer

    @property
    def session(self) -> Morsel[str]:
        return self.cookies["session"]

    def log_in(self, name: str, password: str) -> bool:
        page = self.ask("/login/").body.decode()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page, re.DOTALL)
        assert token, "the login page has a form with a token"
        form = urlencode({"username": name, "password": password, "csrf_token": token[1]})
        answer = self.ask("/login/", "POST", form.encode(), **{"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status == 302, answer.body
        return not answer.headers["Location"].startswith("/login/")

    def api(self, path: str, given: Any = None) -> Any:
        """An answer of the API; with `given`, a change."""
        if given is None:
            answer = self.ask(path)
        else:
            token = self.ask("/api/v1/security/csrf_token/").json()["result"]
            headers = {"Content-Type": "application/json", "X-CSRFToken": token}
            answer = self.ask(path, "POST", json.dumps(given).encode(), **headers)
        assert answer.status < 400, (answer.status, answer.body)
        return answer.json()
