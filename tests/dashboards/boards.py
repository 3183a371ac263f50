"""The dashboards as Grafana would read them, and what every check reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
GRAFANA = ROOT / "ops" / "grafana"
Json = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """`panel` is the title of a panel, `$name` of a variable, or empty where the whole dashboard is meant."""

    file: str
    panel: str
    rule: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.panel}" if self.panel else self.file
        return f"{where}: {self.rule}: {self.message}"


def load() -> dict[str, Json]:
    """By the name of the file."""
    return {path.name: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))}


def panels(board: Json) -> list[Json]:
    """Those that show something: rows are headings."""
    return [panel for panel in board.get("panels", []) if panel.get("type") != "row"]


def targets(board: Json) -> Iterator[tuple[Json, Json]]:
    for panel in panels(board):
        for target in panel.get("targets", []):
            yield panel, target


def variables(board: Json) -> dict[str, Json]:
    return {each.get("name", ""): each for each in board.get("templating", {}).get("list", [])}


def show(problems: list[Problem]) -> str:
    return "\n".join(str(problem) for problem in problems)
