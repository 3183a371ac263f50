#!/usr/bin/env python3
"""Writes dashboards/*.json from the tables in tables/. Standard library only.

Usage: ops/grafana/generate.py [--check]. With --check it writes nothing and exits 1 where the files differ.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from board import Board, to_json  # noqa: E402

FOLDER = HERE / "dashboards"


def boards() -> list[Board]:
    """One for each table."""
    names = sorted(path.stem for path in (HERE / "tables").glob("*.py") if path.stem != "__init__")
    return [importlib.import_module(f"tables.{name}").BOARD for name in names]


def wanted() -> dict[str, str]:
    """Name of the file, and its text."""
    return {f"{board.uid}.json": json.dumps(to_json(board), indent=2, ensure_ascii=False) + "\n" for board in boards()}


def differences(texts: dict[str, str]) -> list[str]:
    found = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    missing = [f"{name}: is missing" for name in texts.keys() - found.keys()]
    strange = [f"{name}: no table makes it" for name in found.keys() - texts.keys()]
    other = [f"{name}: differs from its table" for name in texts.keys() & found.keys() if texts[name] != found[name]]
    return sorted(missing + strange + other)


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    texts = wanted()
    if arguments:
        found = differences(texts)
        good = [f"{len(texts)} dashboards are as their tables say"]
        print("\n".join(found + ["run ops/grafana/generate.py"] if found else good))
        return 1 if found else 0
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.json"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
