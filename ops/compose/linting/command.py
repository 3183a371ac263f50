"""All rules over one folder, printed for people."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from . import rules_capacity, rules_compose, rules_edge, rules_secrets, rules_superset, rules_time
from .deployment import Deployment
from .findings import Finding, Place, Unreadable

RULES = (
    *rules_compose.RULES,
    *rules_time.RULES,
    *rules_capacity.RULES,
    *rules_edge.RULES,
    *rules_superset.RULES,
    *rules_secrets.RULES,
)


def findings(folder: Path) -> Iterator[Finding]:
    """Of all rules. A file that cannot be read is told once, and the rules that need it say no more."""
    try:
        deployment = Deployment(folder)
    except Unreadable as error:
        yield error.finding
        return
    told = set()
    for rule in RULES:
        try:
            yield from rule(deployment)
        except Unreadable as error:
            if error.finding not in told:
                told.add(error.finding)
                yield error.finding
        except ValueError as error:
            name = rule.__name__.replace("_", " ")
            here = Place(deployment.compose.path, 1)
            yield Finding(here, f"a value cannot be understood ({name}): {error}", "correct it")


def lines(folder: Path) -> Iterator[str]:
    for finding in findings(folder):
        path = finding.place.file
        name = path.relative_to(folder) if path.is_relative_to(folder) else path
        yield f"{name}:{finding.place.line}: {finding.message}; fix: {finding.fix}"
