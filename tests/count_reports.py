#!/usr/bin/python3
"""Adds up JUnit reports: the last line is `N passed, N failed`, and the exit code says whether that is good.

A test that was skipped or did not run counts as failed, and so does a report that is missing or empty: a suite
that quietly stopped running must not look like one that passed. Two reasons are allowed, and counted and printed: where the
machine lets no Docker Engine start, and where no browser can be fetched.
"""

from __future__ import annotations

import argparse
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ALLOWED = ("no Docker Engine here: ", "no browser here: ")
RAN = {None, "run", "pass", "fail"}  # values of ctest's `status`; pytest writes none


def passed(case: ElementTree.Element) -> bool:
    bad = any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))
    return not bad and case.get("status") in RAN - {"fail"}


def left_out(case: ElementTree.Element) -> bool:
    skipped = case.find("skipped")
    return skipped is not None and any(reason in skipped.get("message", "") for reason in ALLOWED)


def count(report: Path) -> tuple[int, int, int, list[str]]:
    """Passed, failed, left out, and what failed."""
    try:
        cases = list(ElementTree.parse(report).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        return 0, 1, 0, [f"{report}: no report ({error})"]
    if not cases:
        return 0, 1, 0, [f"{report}: no test ran"]
    out = [case for case in cases if left_out(case)]
    bad = [f"{case.get('classname', '')}: {case.get('name')}" for case in cases if case not in out and not passed(case)]
    return len(cases) - len(bad) - len(out), len(bad), len(out), bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", nargs="*", type=Path)
    parser.add_argument("--passed", type=int, default=0, help="checks without a report that passed")
    parser.add_argument("--failed", type=int, default=0, help="checks without a report that failed")
    arguments = parser.parse_args()
    total, failures, left = arguments.passed, arguments.failed, 0
    for report in (path.with_suffix(".xml") for path in arguments.reports):
        good, bad, out, names = count(report)
        total, failures, left = total + good, failures + bad, left + out
        print(f"{report.stem}: {good} passed, {bad} failed" + (f", {out} left out, see above" if out else ""))
        for name in names:
            print(f"  failed: {name}")
    print(f"{total} passed, {failures} failed" + (f", {left} skipped" if left else ""))
    return 1 if failures or not total else 0


if __name__ == "__main__":
    sys.exit(main())
