"""What a daemon left on the disk: its rows of deliveries. The tests know no more of the file than this."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import formats
from history import Commit


def delivery_rows(state: Path, copy: Path, receivers: set[str]) -> list[Commit]:
    """Of these receivers. Read from a copy, so that the next daemon finds what the last one left."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(state, copy)
    now = time.time()
    rows = _rows(copy / "state.db")
    return [Commit(now, name, *what) for name, *what in map(_parse, rows) if name in receivers]


def _rows(file: Path) -> list[tuple[str, dict[str, Any]]]:
    if not file.exists():
        return []
    found = []
    with closing(sqlite3.connect(file)) as database:
        database.text_factory = lambda raw: raw.decode(errors="replace")
        try:
            rows = database.execute("SELECT key, body FROM delivery").fetchall()
        except sqlite3.DatabaseError as error:
            if "no such table" in str(error):  # killed before its first transaction
                return []
            raise
    for key, body in rows:
        try:
            found.append((key, json.loads(body)))
        except ValueError:
            continue  # a test spoilt it
    return found


def _parse(row: tuple[str, dict[str, Any]]) -> tuple[str, str, str, float, bool]:
    key, body = row
    alert = body["alert"]
    return key.rsplit("/", 1)[0], formats.name_of(alert["labels"]), alert["state"], alert["starts_at"] / 1000, body["accepted"]
