#!/usr/bin/env python3
"""Holds the pages of ops/ to their promises: a runbook per alert, procedures and checklists that are complete, commands
that parse and use known names, links that lead somewhere.

Usage: ops/check_runbooks.py [ROOT]. Prints `file:line: message` for each problem and exits 1 if there is any.
Standard library only, because lint runs before anything is installed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTIONS = (
    "What it means",
    "What users feel",
    "Confirm",
    "Find the cause",
    "Mitigate",
    "Verify",
    "Escalate",
    "Prevent",
    "Background",
)
WORDS_OUTSIDE_FENCES = (250, 600)
PROCEDURE_SECTIONS = ("When", "Before", "Steps", "Verify", "Go back", "Who")
PROCEDURE_WORDS = (200, 500)
OWNERS = ("Platform", "BI Team", "Team Lead")
BOX = re.compile(r"\s*- \[[ x]\] +\S")
UNCLOSED = "(unclosed)"
PRELUDE = '. "${RUNBOOK_ENV:-/etc/superset-healthd/env.sh}"'
PLACEHOLDER = re.compile(r"<[A-Za-z][A-Za-z0-9_ -]*>")
SHELL_VARIABLE = re.compile(r"\$\{?([A-Z][A-Z0-9_]+)\b(?!:-)")  # one with a default needs no setting
ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Z][A-Z0-9_]+)=", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(\s*([^)\s]+)(?:\s+\"[^\"]*\")?\s*\)|!\[[^\]\n]*\]\(\s*([^)\s]+)\s*\)")


@dataclass(frozen=True)
class Problem:
    file: Path
    line: int
    message: str


@dataclass
class Fence:
    line: int
    language: str
    text: str


@dataclass
class Page:
    """A Markdown file taken apart once; every check reads from here."""

    file: Path
    front: dict[str, str] = field(default_factory=dict)
    headings: list[tuple[int, int, str]] = field(default_factory=list)  # line, level, title
    fences: list[Fence] = field(default_factory=list)
    prose: list[tuple[int, str]] = field(default_factory=list)  # lines outside fences and front matter


def read_page(file: Path) -> Page:
    page = Page(file)
    lines = file.read_text(encoding="utf-8").splitlines()
    start = 0
    if lines[:1] == ["---"] and "---" in lines[1:]:
        start = lines.index("---", 1) + 1
        for line in lines[1 : start - 1]:
            if match := re.fullmatch(r"(\w+):\s*(.*?)\s*", line):
                page.front[match[1]] = match[2]
    fence: Fence | None = None
    indent = 0  # of a fence inside a list, which is no part of its text
    for number, line in enumerate(lines[start:], start + 1):
        if match := re.match(r"(\s*)```\s*(\w*)", line):
            if fence is None:
                indent, fence = len(match[1]), Fence(number, match[2], "")
            else:
                page.fences.append(fence)
                fence = None
        elif fence is not None:
            fence.text += re.sub(rf"^ {{0,{indent}}}", "", line) + "\n"
        else:
            page.prose.append((number, line))
            if match := re.match(r"(#+)\s+(.*?)\s*$", line):
                page.headings.append((number, len(match[1]), match[2]))
    if fence is not None:
        page.fences.append(Fence(fence.line, UNCLOSED, fence.text))
    return page


def read_alerts(file: Path) -> dict[str, tuple[int, dict[str, str]]]:
    """The rows of the catalogue by name, with their line. Only flat keys are needed, so no YAML library is."""
    text = re.sub(r"(?m)(^|[ \t])#.*$", "", file.read_text(encoding="utf-8"))
    lines = text.splitlines()
    items = [i for i, line in enumerate(lines) if re.match(r"\s*-\s", line)]
    if not items:
        return {}
    indent = min(len(lines[i]) - len(lines[i].lstrip()) for i in items)
    starts = [i for i in items if len(lines[i]) - len(lines[i].lstrip()) == indent]
    alerts: dict[str, tuple[int, dict[str, str]]] = {}
    for start, end in zip(starts, [*starts[1:], len(lines)]):
        row = "\n".join(lines[start:end])
        keys = dict(re.findall(r"(?m)(?:^\s*-?\s*|[{,]\s*)(alert|severity|component|runbook):\s*[\"']?([\w-]+)", row))
        if "alert" in keys:
            alerts[keys["alert"]] = (start + 1, keys)
    return alerts


def check_catalogue(root: Path, pages: list[Page]) -> Iterator[Problem]:
    catalogue = root / "config/alerts.yaml"
    if not catalogue.exists():
        yield Problem(catalogue, 1, "the alert catalogue is missing")
        return
    alerts = read_alerts(catalogue)
    by_slug = {page.file.stem: page for page in pages}
    for name, (line, row) in alerts.items():
        slug = row.get("runbook", "")
        page = by_slug.get(slug)
        if page is None:
            yield Problem(catalogue, line, f"{name}: no runbook ops/runbooks/{slug}.md")
            continue
        for key in ("alert", "severity", "component"):
            if page.front.get(key) != row.get(key):
                yield Problem(page.file, 1, f"{key} is {page.front.get(key)!r}, the catalogue says {row.get(key)!r}")
    slugs = {row.get("runbook") for _, row in alerts.values()}
    for page in pages:
        if page.file.stem not in slugs:
            yield Problem(page.file, 1, "no alert in config/alerts.yaml points to this page")


def sections_of(page: Page) -> Iterator[tuple[int, str, list[str], bool]]:
    """Line, title, text, and whether there is a fence, of each level-2 section."""
    found = [(line, title) for line, level, title in page.headings if level == 2]
    last = max([number for number, _ in page.prose] + [fence.line for fence in page.fences], default=0)
    ends = [line for line, _ in found[1:]] + [last + 1]
    for (line, title), end in zip(found, ends):
        text = [text for number, text in page.prose if line < number < end]
        yield line, title, text, any(line < fence.line < end for fence in page.fences)


def check_sections(page: Page, wanted: tuple[str, ...]) -> Iterator[Problem]:
    found = list(sections_of(page))
    titles = tuple(title for _, title, _, _ in found)
    if titles != wanted:
        wrong = next((i for i, title in enumerate(titles) if i >= len(wanted) or title != wanted[i]), None)
        line = found[wrong][0] if wrong is not None else (found[-1][0] if found else 1)
        expected = wanted[wrong if wrong is not None else len(titles)] if (wrong or 0) < len(wanted) else "no more"
        yield Problem(page.file, line, f"sections differ from the template: expected {expected!r} here")
    for line, title, text, fenced in found:
        if len(" ".join(text).split()) < 8 and not fenced:
            yield Problem(page.file, line, f"section {title!r} is empty")


def check_title(page: Page, title: str | None = None) -> Iterator[Problem]:
    if [level for _, level, _ in page.headings].count(1) != 1:
        yield Problem(page.file, 1, "exactly one level-1 heading is needed")
    elif title is not None and page.headings[0][2] != title:
        yield Problem(page.file, page.headings[0][0], "the title is not the alert's name")


def check_length(page: Page, bounds: tuple[int, int]) -> Iterator[Problem]:
    least, most = bounds
    words = sum(len(re.findall(r"\w[\w'.-]*", text)) for _, text in page.prose)
    if not least <= words <= most:
        yield Problem(page.file, 1, f"{words} words outside the fences; {least} to {most} are wanted")


def bash_of(page: Page) -> list[Fence]:
    return [fence for fence in page.fences if fence.language == "bash"]


def check_prelude(page: Page) -> Iterator[Problem]:
    bash = bash_of(page)
    if not bash or not bash[0].text.startswith(PRELUDE):
        yield Problem(page.file, bash[0].line if bash else 1, f"the first bash fence must begin with: {PRELUDE}")


def check_fences(page: Page) -> Iterator[Problem]:
    for fence in page.fences:
        if fence.language in ("", UNCLOSED):
            yield Problem(page.file, fence.line, "fence without end" if fence.language else "a fence needs a language")
        for offset, line in enumerate(fence.text.splitlines(), 1):
            if match := PLACEHOLDER.search(line):
                yield Problem(page.file, fence.line + offset, f"placeholder {match[0]}: use a variable of env.sh")
    for fence in bash_of(page):
        run = subprocess.run(["bash", "-n"], input=fence.text, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            yield Problem(page.file, fence.line, "bash -n: " + run.stderr.strip().replace("\n", "; "))


def check_variables(page: Page, known: set[str]) -> Iterator[Problem]:
    """A page is followed from its top: a name is set in env.sh or by an earlier line."""
    known = set(known)
    for fence in bash_of(page):
        for offset, line in enumerate(fence.text.splitlines(), 1):
            for name in sorted(set(SHELL_VARIABLE.findall(line)) - known):
                yield Problem(page.file, fence.line + offset, f"${name} is not set in ops/runbooks/env.sh or before")
            known.update(ASSIGNMENT.findall(line))


def known_reasons(root: Path) -> list[str]:
    text = (root / "probes/result.hpp").read_text(encoding="utf-8")
    body = re.search(r"enum class Reason[^{]*\{(.*?)\}", text, re.DOTALL)
    return [name for name in re.findall(r"\w+", re.sub(r"//.*", "", body[1]))] if body else []


def reason_rows(page: Page) -> list[tuple[int, str]]:
    """(line, reason) of the first column of the table whose header is `reason`."""
    rows, inside = [], False
    for number, text in page.prose:
        cells = [cell.strip() for cell in text.strip().strip("|").split("|")]
        if not text.startswith("|"):
            inside = False
        elif cells[0] == "reason":
            inside = True
        elif inside:
            rows += [(number, name) for name in re.findall(r"`(\w+)`", cells[0])]
    return rows


def check_reasons(root: Path, pages: list[Page], index: Page) -> Iterator[Problem]:
    reasons = known_reasons(root)
    for page in [*pages, index]:
        rows = reason_rows(page)
        if not rows:
            yield Problem(page.file, 1, "a table with the column `reason` is missing")
        for line, name in rows:
            if name not in reasons:
                yield Problem(page.file, line, f"no such reason in probes/result.hpp: {name}")
    listed = {name for _, name in reason_rows(index)}
    for name in reasons:
        if name not in listed and name != "none":
            yield Problem(index.file, 1, f"reason {name} is not in the index")


def check_owners(page: Page) -> Iterator[Problem]:
    """Every section with boxes says who ticks them."""
    boxes = False
    for line, title, text, _ in sections_of(page):
        if not any(BOX.match(row) for row in text):
            continue
        boxes = True
        owner = next((row for row in text if row.startswith("Owner: ")), "")
        if not any(name in owner for name in OWNERS):
            yield Problem(page.file, line, f"section {title!r} needs a line `Owner:` with one of {', '.join(OWNERS)}")
    if not boxes:
        yield Problem(page.file, 1, "a checklist needs boxes: lines that begin with `- [ ]`")


def check_risks(page: Page) -> Iterator[Problem]:
    """Whoever follows a procedure knows before each step what it may cost."""
    for _, title, text, _ in sections_of(page):
        if title != "Steps":
            continue
        for step in re.split(r"(?m)^(?=\d+\. )", "\n".join(text))[1:]:
            if "Risk" not in step:
                yield Problem(page.file, 1, f"step {step.partition('.')[0]} names no risk")


def check_guides(root: Path, known: set[str]) -> Iterator[Problem]:
    """Procedures and checklists."""
    for folder in (root / "ops/procedures", root / "ops/checklists"):
        if not (folder / "README.md").exists():
            yield Problem(folder / "README.md", 1, "the index is missing")
            continue
        pages, index = read_folder(folder), read_page(folder / "README.md")
        yield from check_index(pages, index)
        yield from check_fences(index)
        for page in pages:
            yield from check_title(page)
            yield from check_fences(page)
            yield from check_variables(page, known)
            if bash_of(page):
                yield from check_prelude(page)
            if folder.name == "checklists":
                yield from check_owners(page)
            else:
                yield from check_sections(page, PROCEDURE_SECTIONS)
                yield from check_risks(page)
                yield from check_length(page, PROCEDURE_WORDS)


def read_folder(folder: Path) -> list[Page]:
    return [read_page(file) for file in sorted(folder.glob("*.md")) if file.name != "README.md"]


def check_index(pages: list[Page], index: Page) -> Iterator[Problem]:
    text = "\n".join(text for _, text in index.prose)
    for page in pages:
        if f"]({page.file.name})" not in text:
            yield Problem(index.file, 1, f"{page.file.name} is not in the index")


def tracked_markdown(root: Path) -> list[Path]:
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:  # an unpacked source archive
        return sorted(f for f in root.rglob("*.md") if "build" not in f.relative_to(root).parts)
    return sorted(root / name for name in run.stdout.splitlines() if (root / name).exists())


def anchors(page: Page) -> set[str]:
    def slug(title: str) -> str:
        return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", title.lower()))

    return {slug(title) for _, _, title in page.headings}


def check_links(root: Path, page: Page) -> Iterator[Problem]:
    for number, text in page.prose:
        for groups in LINK.findall(re.sub(r"`[^`]*`", "", text)):
            target = groups[0] or groups[1]
            if re.match(r"[a-z][a-z+.-]*:", target):
                continue
            name, _, anchor = target.partition("#")
            base = root / name.lstrip("/") if name.startswith("/") else page.file.parent / name
            file = base if name else page.file
            if not file.exists():
                yield Problem(page.file, number, f"link leads nowhere: {target}")
            elif anchor and file.suffix == ".md" and anchor not in anchors(read_page(file)):
                yield Problem(page.file, number, f"no such heading: {target}")


def check(root: Path) -> list[Problem]:
    folder = root / "ops/runbooks"
    pages = read_folder(folder)
    index = read_page(folder / "README.md")
    known = set(ASSIGNMENT.findall((folder / "env.sh").read_text(encoding="utf-8")))
    problems = [*check_catalogue(root, pages), *check_reasons(root, pages, index), *check_index(pages, index)]
    for page in pages:
        problems += [*check_sections(page, SECTIONS), *check_title(page, page.front.get("alert", ""))]
        problems += [*check_length(page, WORDS_OUTSIDE_FENCES), *check_prelude(page), *check_fences(page)]
        problems += check_variables(page, known)
    problems += check_guides(root, known)
    for file in tracked_markdown(root):
        problems += check_links(root, read_page(file))
    return problems


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    problems = check(root)
    for problem in problems:
        file = problem.file.relative_to(root) if problem.file.is_relative_to(root) else problem.file
        print(f"{file}:{problem.line}: {problem.message}")
    if not problems:
        print("runbooks: ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
