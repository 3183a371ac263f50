"""The commands of the monitor that procedures and checklists use exist, with the options that they are given."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from shell import PROCEDURES, ROOT, fences

PAGES = [*sorted(PROCEDURES.glob("*.md")), *sorted((ROOT / "ops" / "checklists").glob("*.md"))]
CALL = re.compile(r"superset-healthd ([a-z-]+)((?: +(?!\||>|&)\S+)*)")
GROUPS = ("silence", "maintenance")


def calls() -> list[tuple[str, tuple[str, ...]]]:
    """Each verb, with its subcommand, and the options that some page gives it."""
    found: dict[str, set[str]] = {}
    for page in PAGES:
        for fence in fences(page):
            for verb, rest in CALL.findall(re.sub(r"systemctl [^\n]*|'[^']*'", "", fence.text)):
                words = rest.split()
                name = f"{verb} {words[0]}" if verb in GROUPS else verb
                found.setdefault(name, set()).update(word.partition("=")[0] for word in words if word.startswith("--"))
    return [(name, tuple(sorted(options))) for name, options in sorted(found.items())]


def test_pages_use_the_verbs_that_planned_work_needs() -> None:
    verbs = {name for name, _ in calls()}
    assert {
        "check-config",
        "grants",
        "probe",
        "test-notify",
        "rules",
        "ack",
        "status",
        "maintenance start",
        "maintenance end",
    } <= verbs


@pytest.mark.parametrize(("name", "options"), calls())
def test_the_program_knows_the_verb_and_its_options(binary: Path, name: str, options: tuple[str, ...]) -> None:
    asked = subprocess.run([binary, *name.split(), "--help"], capture_output=True, text=True, timeout=30)
    assert asked.returncode == 0, f"superset-healthd {name}: {asked.stdout}{asked.stderr}"
    assert not [
        option for option in options if not re.search(rf"(?m)^ +{re.escape(option)}\b", asked.stdout)
    ], asked.stdout
