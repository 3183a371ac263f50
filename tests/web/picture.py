#!/usr/bin/python3
"""Makes ops/demo/status-page.png anew: a whole stack is watched for a while, then PostgreSQL goes down.

    /usr/bin/python3 -B tests/web/picture.py
"""

from __future__ import annotations

import sys
import tempfile
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import tools  # noqa: E402
from stack.healthd import DEMO, Healthd  # noqa: E402
from stack.plan import Plan  # noqa: E402
from stack.receiver import Receiver  # noqa: E402
from stack.stack import Stack, new_folder  # noqa: E402
from stack.state import State  # noqa: E402
from stack.suite import BINARY  # noqa: E402
from stack.waiting import until, wait_until  # noqa: E402

PICTURE = ROOT / "ops" / "demo" / "status-page.png"
SIZE = {"width": 1200, "height": 860}
HASTE = replace(DEMO, interval="1s", timeout="1s", retry="1s")
WELL_FOR = 75.0  # so that the history has something to tell
DOWN_FOR = 20.0


def page(plan: Plan) -> str:
    with urllib.request.urlopen(plan.healthd_url + "/", timeout=5) as answer:
        return str(answer.read().decode())


def take(plan: Plan, file: Path) -> None:
    with tools.playwright().sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(tools.chromium()), args=["--no-sandbox"])
        view = browser.new_page(viewport=SIZE)
        view.goto(plan.healthd_url + "/")
        view.screenshot(path=str(file))
        browser.close()


def main() -> None:
    plan = Plan.make(new_folder(), beat_every=5)
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state.json")
        stack = Stack(plan, state)
        receiver = Receiver(plan.ports["receiver"])
        try:
            state.create(plan)
            stack.start()
            healthd = Healthd(plan, BINARY, HASTE)
            stack.servers[healthd.name] = healthd
            healthd.prepare()
            stack.launch(healthd)
            wait_until(lambda: "All parts are up." in page(plan), 90, "every part is up", step=1)
            until(time.monotonic() + WELL_FOR)
            stack.kill("postgres")
            wait_until(lambda: "Open incidents" in page(plan), 30, "the fault is told", step=0.5)
            until(time.monotonic() + DOWN_FOR)
            take(plan, PICTURE)
        finally:
            stack.stop()
            receiver.close()
    print(PICTURE)


if __name__ == "__main__":
    main()
