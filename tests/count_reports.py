#!/usr/bin/python3
"""Adds up JUnit reports: the last line is `N passed, N failed`, and the exit code says whether that is good.

A test that was skipped or did not run counts as failed, and so does a report that is missing or empty: a suite
that quietly stopped running must not look like one that passed.
"""

from __future__ import annotations

import argparse
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

RAN = {None, "run", "pass", "fail"}  # values of ctest's `status`; pytest writes none


def passed(case: ElementTree.Element) -> bool:
    bad = any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))
    return not bad and case.get("status") in RAN - {"fail"}


def count(report: Path) -> tuple[int, int, list[str]]:
    """Passed, failed, and what failed."""
    try:
        cases = list(ElementTree.parse(report).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        return 0, 1, [f"{report}: no report ({error})"]
    if not cases:
        return 0, 1, [f"{report}: no test ran"]
    bad = [f"{case.get('classname', '')}: {case.get('name')}" for case in cases if not passed(case)]
    return len(cases) - len(bad), len(bad), bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", nargs="*", type=Path)
    parser.add_argument("--passed", type=int, default=0, help="checks without a report that passed")
    parser.add_argument("--failed", type=int, default=0, help="checks without a report that failed")
    arguments = parser.parse_args()
    total, failures = arguments.passed, arguments.failed
    for report in (path.with_suffix(".xml") for path in arguments.reports):
        good, bad, names = count(report)
        total, failures = total + good, failures + bad
        print(f"{report.stem}: {good} passed, {bad} failed")
        for name in names:
            print(f"  failed: {name}")
    print(f"{total} passed, {failures} failed")
    return 1 if failures or not total else 0


if __name__ == "__main__":
    sys.exit(main())
