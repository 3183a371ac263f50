"""The manual pages render, and tell of everything that the program and its configuration have."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tools import ROOT, all_verbs, long_options, needed

PAGES = ("man8/superset-healthd.8.gz", "man5/superset-healthd.yaml.5.gz")
# `key:` at the start of a line or of an entry of a list, commented out or not, and within braces.
LINE_KEY = re.compile(r"^ *(?:# ?)? *(?:- )?([a-z_]+): *(?=[\"\[{\w#]|$)")
INNER_KEY = re.compile(r"[{,] *([a-z_]+):")


def render(page: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "1000", "MANROFFOPT": "-rHY=0"}
    command = [needed("man"), "--warnings", "--no-hyphenation", "--no-justification", "-P", "cat", "-l", str(page)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment)


@pytest.fixture(scope="session")
def pages(unpacked: Path) -> dict[str, str]:
    return {page: render(unpacked / "usr/share/man" / page).stdout for page in PAGES}


def words(text: str) -> set[str]:
    return set(re.findall(r"--[a-z][a-z.-]*[a-z]|[a-z][a-z_-]*[a-z]|[a-z]+", text))


@pytest.mark.parametrize("page", PAGES)
def test_it_renders_without_a_warning(unpacked: Path, page: str) -> None:
    done = render(unpacked / "usr/share/man" / page)
    assert (done.returncode, done.stderr) == (0, "")
    assert "NAME" in done.stdout and "SEE ALSO" in done.stdout


def test_every_verb_and_option_is_in_the_page_of_the_program(binary: Path, pages: dict[str, str]) -> None:
    text = pages[PAGES[0]]
    missing = []
    for verbs in all_verbs(binary):
        if verbs and not re.search(rf"(?m)^ +{' '.join(verbs)}\b|\b{verbs[0]} {{[a-z|]*}}", text):
            missing.append(" ".join(verbs))
        missing += [f"{' '.join(verbs)} {option}" for option in long_options(binary, *verbs) if option not in words(text)]
    assert missing == []


def test_the_page_of_the_program_names_no_option_that_is_not(binary: Path, pages: dict[str, str]) -> None:
    known = {option for verbs in all_verbs(binary) for option in long_options(binary, *verbs)}
    shown = {word for word in words(pages[PAGES[0]]) if word.startswith("--")}
    assert shown - known == set()


def sample_keys() -> set[str]:
    """Every key of the sample, also of what is commented out there; names of alerts are no keys."""
    keys = set()
    for line in (ROOT / "config/superset-healthd.yaml").read_text().splitlines():
        keys |= set(INNER_KEY.findall(line))
        if found := LINE_KEY.match(line):
            keys.add(found[1])
    return keys - {"true", "false"}  # "true: ..." in a comment


def test_the_keys_of_the_sample_are_read_as_such() -> None:
    assert {"stack", "probes", "stub_status", "dsn", "credential", "fallback_after", "timezone", "proxy"} <= sample_keys()


def test_every_key_of_the_sample_is_in_the_page_of_the_configuration(pages: dict[str, str]) -> None:
    assert sample_keys() - words(pages[PAGES[1]]) == set()


def test_the_smallest_file_of_the_page_is_valid(binary: Path, pages: dict[str, str], tmp_path: Path) -> None:
    block = re.search(r"(?m)^ *stack: production\n(?: +.*\n)+", pages[PAGES[1]])
    assert block, "the page shows no smallest file"
    lines = block[0].splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    file = tmp_path / "config.yaml"
    file.write_text("\n".join(line[indent:] for line in lines) + "\n")
    done = subprocess.run([binary, "check-config", f"--config.file={file}"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, done.stderr
