"""`ops/check_runbooks.py` finds each way in which a procedure or a checklist can be broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import check_runbooks
import pytest
from shell import ROOT

KNOWN = set(check_runbooks.ASSIGNMENT.findall((ROOT / "ops/runbooks/env.sh").read_text()))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("procedures", "checklists"):
        shutil.copytree(ROOT / "ops" / folder, tmp_path / "ops" / folder)
    return tmp_path


def problems(root: Path) -> list[str]:
    return [f"{problem.file.name}: {problem.message}" for problem in check_runbooks.check_guides(root, KNOWN)]


def test_the_pages_as_they_are_have_no_problem(copy: Path) -> None:
    assert problems(copy) == []


@pytest.mark.parametrize(
    ("page", "old", "new", "message"),
    [
        ("procedures/upgrade.md", "```bash\ndocker", "```\ndocker", "a fence needs a language"),
        ("procedures/upgrade.md", "## Verify\n", "## Check\n", "sections differ from the template: expected 'Verify'"),
        ("procedures/upgrade.md", "## Who\n", "## Go back\n", "sections differ from the template"),
        ("procedures/upgrade.md", check_runbooks.PRELUDE, ":", "the first bash fence must begin with"),
        ("procedures/upgrade.md", "VERSION=6.1.0", "version=6.1.0", "$VERSION is not set in ops/runbooks/env.sh"),
        ("procedures/upgrade.md", "VERSION=6.1.0", "echo \"$VERSION\"; VERSION=6.1.0", "$VERSION is not set"),
        ("procedures/upgrade.md", "./upgrade \"$VERSION\"", "./upgrade <version>", "placeholder <version>"),
        ("procedures/upgrade.md", "./lint)", "./lint", "bash -n"),
        ("procedures/upgrade.md", "Risk: Superset is away", "Superset is away", "step 4 names no risk"),
        ("procedures/upgrade.md", "## When\n", "## When\n\n" + "word " * 500, "words outside the fences"),
        ("procedures/README.md", "](upgrade.md)", "](rollback.md)", "upgrade.md is not in the index"),
        ("procedures/README.md", "| procedure |", "```\nx\n```\n\n| procedure |", "a fence needs a language"),
        ("checklists/release.md", "## During\n\nOwner: Platform / DevOps", "## During\n\nOwner: me", "'During' needs"),
        ("checklists/release.md", "- [ ]", "-", "a checklist needs boxes"),
        ("checklists/release.md", "$CELERY_APP", "$APP_OF_CELERY", "$APP_OF_CELERY is not set"),
        ("checklists/README.md", "](release.md)", "](incident.md)", "release.md is not in the index"),
    ],
)  # fmt: skip
def test_a_broken_page_is_named(copy: Path, page: str, old: str, new: str, message: str) -> None:
    file = copy / "ops" / page
    text = file.read_text()
    assert old in text, f"{page} has changed: {old!r} is gone"
    file.write_text(text.replace(old, new))
    assert [problem for problem in problems(copy) if message in problem], problems(copy)


def test_a_missing_index_is_named(copy: Path) -> None:
    (copy / "ops/checklists/README.md").unlink()
    assert problems(copy) == ["README.md: the index is missing"]
