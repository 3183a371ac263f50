"""One page in the browser, with a note of all that went wrong in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tools

SHOTS = tools.BUILD / "web-shots"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}


class Visit:
    """In a context of its own, so that nothing is left over from another."""

    def __init__(self, browser: Any, url: str, path: str, own_clock: bool = False, **context: Any) -> None:
        """`own_clock`: the page's time goes on by `page.clock` only."""
        self._url = url
        self._context = browser.new_context(viewport=context.pop("viewport", DESK), **context)
        self.page = self._context.new_page()
        self.navigations = 0
        self.complaints: list[str] = []
        self.may_fail = False  # while the daemon is held, requests fail, and the browser says so
        self.page.on("framenavigated", self._navigated)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        self.page.on("request", self._requested)
        if own_clock:
            self.page.clock.install()
        answer = self.page.goto(url + path, wait_until="load")
        assert answer.status == 200, f"{path}: {answer.status}"
        self.source: str = answer.text()

    def _navigated(self, frame: Any) -> None:
        self.navigations += frame == self.page.main_frame

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning") and not self.may_fail:
            self.complaints.append(f"{message.type}: {message.text}")

    def _requested(self, request: Any) -> None:
        if not request.url.startswith(self._url + "/"):
            self.complaints.append(f"a request to {request.url}")

    def text(self, selector: str = "main") -> str:
        return str(self.page.locator(selector).inner_text())

    def wait_for(self, text: str, selector: str = "main", seconds: float = 12) -> None:
        self.page.locator(selector).filter(has_text=text).first.wait_for(timeout=seconds * 1000)

    def violations(self) -> list[str]:
        """What axe-core finds. Evaluated from outside the page, whose policy lets nobody else's script in."""
        self.page.evaluate(tools.axe())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']}: {rule['help']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def shoot(self, name: str, full: bool = True) -> Path:
        SHOTS.mkdir(parents=True, exist_ok=True)
        file = SHOTS / f"{name}.png"
        self.page.screenshot(path=str(file), full_page=full)
        return file

    def close(self) -> None:
        self._context.close()

    def verify(self) -> None:
        assert not self.complaints, "\n".join(self.complaints)
