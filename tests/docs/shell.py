"""The simple commands of a piece of bash, read by shfmt, so that quotes, comments and here-documents are what bash takes them for."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any, Iterator


@dataclass(frozen=True)
class Command:
    line: int
    words: tuple[str, ...]  # a part that only bash knows, such as $NAME, is left out of its word


@dataclass(frozen=True)
class Script:
    commands: tuple[Command, ...]
    functions: frozenset[str]


def parse(text: str) -> Script:
    """Raises ValueError with shfmt's own words where it cannot be read."""
    done = subprocess.run(["shfmt", "--to-json", "-ln", "bash"], input=text, capture_output=True, text=True, timeout=10)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip())
    nodes = list(_walk(json.loads(done.stdout)))
    commands = [_command(node) for node in nodes if node.get("Type") == "CallExpr" and node.get("Args")]
    functions = [node["Name"]["Value"] for node in nodes if node.get("Type") == "FuncDecl"]
    return Script(tuple(commands), frozenset(functions))


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _walk(child)


def _command(node: dict[str, Any]) -> Command:
    return Command(node["Pos"]["Line"], tuple(_word(word) for word in node["Args"]))


def _word(word: dict[str, Any]) -> str:
    return "".join(_part(part) for part in word["Parts"])


def _part(part: dict[str, Any]) -> str:
    if part.get("Type") == "DblQuoted":
        return "".join(_part(inner) for inner in part.get("Parts", []))
    return part.get("Value", "") if part.get("Type") in ("Lit", "SglQuoted") else ""
