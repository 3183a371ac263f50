"""Every query of the checklists and procedures runs on Superset's tables, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import PROCEDURES, ROOT, Shell, Stack, fences

CHECKLISTS = ROOT / "ops" / "checklists"
PAGES = [*sorted(CHECKLISTS.glob("*.md")), *sorted(PROCEDURES.glob("*.md"))]
# Cancelling, restoring and the like have tests of their own, or need somebody to cancel.
CHANGES = (
    "pg_cancel_backend",
    "pg_terminate_backend",
    "alter ",
    "createdb",
    "dropdb",
    "pg_dump",
    "pg_restore",
    "password",
)


def asks(text: str) -> bool:
    """A fence that puts questions to PostgreSQL and does nothing else."""
    rest = [
        line
        for line in text.splitlines()
        if not line.startswith((" ", "#", ".", "DASHBOARD=", "WHO=", "ask() ", "LONGEST=", "COUNTS="))
    ]
    questions = [line for line in rest if line.startswith(("ask ", "docker compose exec -T postgres psql"))]
    return bool(questions) and len(questions) == len(rest) and not any(word in text for word in CHANGES)


QUESTIONS = [
    pytest.param(page, fence.line, id=f"{page.stem}-{fence.line}")
    for page in PAGES if page.name not in ("README.md", "rollback.md", "backup-and-restore.md")
    for fence in fences(page) if asks(fence.text)
]  # fmt: skip


def test_the_checklists_that_ask_the_database_are_all_here() -> None:
    pages = {param.values[0].stem for param in QUESTIONS}  # type: ignore[attr-defined]
    assert {"access-review", "dashboard-review", "user-management", "runaway-query", "disk-full"} <= pages
    assert len(QUESTIONS) >= 12


@pytest.mark.parametrize(("page", "line"), QUESTIONS)
def test_it_is_answered(shell: Shell, stack: Stack, page: Path, line: int) -> None:
    before = stack.server.rows("superset")
    for fence in fences(page):
        if fence.line > line:
            break
        if fence.line == line or asks(fence.text) or fence.text.startswith(". "):
            answer = shell.run(fence.text)
            if fence.line == line:
                assert answer.code == 0 and answer.errors == "", f"{page.name}:{line}\n{answer.out}{answer.errors}"
    assert stack.server.rows("superset") == before


def test_reviews_find_what_they_look_for(shell: Shell) -> None:
    """A query that runs and finds nothing would be believed."""
    said = {}
    for name in ("access-review", "user-management", "dashboard-review"):
        for fence in fences(CHECKLISTS / f"{name}.md"):
            if fence.text.startswith(". ") or asks(fence.text):
                said[name] = said.get(name, "") + shell.run(fence.text).out
    assert "analysts" in said["access-review"], "an administrator through a group"
    assert "[db].[sales](id:1)" in said["access-review"], "what a data role may read"
    assert (
        "all_datasource_access" in said["access-review"] and "user60" in said["access-review"]
    ), "a user without a role"
    assert "region = 'north'" in said["access-review"]
    assert "daily" in said["user-management"] and "Umsatz" in said["user-management"], "what a leaver owns"
    assert "virtual" in said["dashboard-review"] and "p95_ms" in said["dashboard-review"]
