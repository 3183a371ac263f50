"""A runbook taken apart: which commands stand under Confirm, in each step of Mitigate, and under Verify."""

from __future__ import annotations

import re
from pathlib import Path

from check_runbooks import PRELUDE, Fence, Page, read_alerts, read_page
from stack.suite import ROOT


class Book:
    """The page of one alert, by the name that the catalogue gives it."""

    def __init__(self, alert: str) -> None:
        _, row = read_alerts(ROOT / "config" / "alerts.yaml")[alert]
        self.page: Page = read_page(ROOT / "ops" / "runbooks" / f"{row['runbook']}.md")

    @property
    def name(self) -> str:
        return self.page.file.name

    def section(self, title: str) -> list[Fence]:
        """Its bash fences."""
        titles = [(line, name) for line, level, name in self.page.headings if level == 2]
        start = next(line for line, name in titles if name == title)
        end = next((line for line, _ in titles if line > start), 1 << 30)
        return [fence for fence in self.page.fences if fence.language == "bash" and start < fence.line < end]

    def confirm(self) -> str:
        return text(self.section("Confirm"))

    def verify(self) -> str:
        """Empty where Verify sends one back to the Confirm commands."""
        return text(self.section("Verify"))

    def step(self, number: int) -> str:
        """The fences that stand below this number of Mitigate."""
        numbered = [(line, int(match[1])) for line, prose in self.page.prose if (match := re.match(r"(\d+)\. ", prose))]
        found = [f for f in self.section("Mitigate") if [n for line, n in numbered if line < f.line][-1] == number]
        assert found, f"{self.name}: step {number} of Mitigate has no commands"
        return text(found)


def text(fences: list[Fence]) -> str:
    return "\n".join(fence.text for fence in fences)


def as_typed(commands: str, before: str = "") -> str:
    """What somebody types: the file of names first, then their own settings, then the commands of the page."""
    commands = commands.replace(PRELUDE, "", 1)
    return f"{PRELUDE}\n{before}\n{commands}"


def all_books() -> list[Path]:
    return sorted((ROOT / "ops" / "runbooks").glob("*-*.md"))
