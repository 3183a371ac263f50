"""Every command that a page shows exists: our own verbs and options, and the programs of a fence."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Iterator

import pytest
from check_runbooks import Page

from shell import Script, parse

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = "superset-healthd"

# Programs of the host or of a container that the machine of a test need not have.
ELSEWHERE = {
    "ab", "amtool", "apt-get", "certbot", "chronyc", "docker", "dmesg", "dpkg", "free", "journalctl", "less",
    "npm", "pip", "rsync", "ss", "sudo", "superset", "systemctl", "systemd-analyze", "useradd", "visudo",
}  # fmt: skip
BUILTINS = {".", ":", "[", "cd", "echo", "exec", "exit", "export", "false", "printf", "read", "return", "set", "source",
            "test", "true", "umask", "unset", "wait", "trap", "break", "continue", "shift", "local", "sleep"}  # fmt: skip
# What runs another program: `systemctl restart superset-healthd` is about our unit, not our command line.
WRAPPERS = ("docker", "env", "runuser", "sudo", "timeout")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z.-]*[a-z]")


def scripts(page: Page) -> Iterator[tuple[int, Script]]:
    """The shell fences with the line each begins at."""
    for fence in page.fences:
        if fence.language in ("bash", "sh", "shell"):
            yield fence.line, parse(fence.text)


def exists(name: str, functions: frozenset[str], folder: Path) -> bool:
    if name in BUILTINS | ELSEWHERE | functions or name == OURS:
        return True
    if "/" in name:
        path = name.removeprefix("/opt/superset/").removeprefix("./")
        return any((base / path).exists() for base in (ROOT, folder, ROOT / "ops/compose")) or Path(name).exists()
    return shutil.which(name) is not None


def test_every_program_of_a_shell_fence_exists(pages: list[Page]) -> None:
    shared = parse((ROOT / "ops/runbooks/env.sh").read_text()).functions
    wrong = []
    for page in pages:
        fences = list(scripts(page))
        functions = shared.union(*(script.functions for _, script in fences))
        for line, script in fences:
            for command in script.commands:
                if command.words[0] and not exists(command.words[0], functions, page.file.parent):
                    wrong.append(f"{page.file.relative_to(ROOT)}:{line + command.line}: {command.words[0]}")
    assert wrong == []


# --- our own command line ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def help_of(binary: Path):  # type: ignore[no-untyped-def]
    @cache
    def ask(*verbs: str) -> str:
        done = subprocess.run([binary, *verbs, "--help"], capture_output=True, text=True, timeout=10)
        assert done.returncode == 0, f"{OURS} {' '.join(verbs)} --help: {done.stderr}"
        return done.stdout

    return ask


def subcommands(text: str) -> set[str]:
    _, _, below = text.partition("Subcommands:")
    return set(re.findall(r"(?m)^  ([a-z-]+)", below))


def calls(page: Page) -> Iterator[tuple[int, list[str]]]:
    """What stands behind our name in a fence, or in `backquotes`."""
    for line, script in scripts(page):
        for command in script.commands:
            at = command.words.index(OURS) if OURS in command.words else -1
            if at == 0 or (at > 0 and command.words[0] in WRAPPERS and command.words[at - 1] != "-u"):
                yield line + command.line, list(command.words[at + 1 :])
    for number, text in page.prose:
        for inline in re.findall(rf"`{OURS} ([^`]*)`", text):
            yield number, re.split(r"[\s|]+", inline)


def test_every_verb_and_option_of_ours_exists(pages: list[Page], help_of) -> None:  # type: ignore[no-untyped-def]
    wrong = []
    general = help_of()
    for page in pages:
        for line, words in calls(page):
            where = f"{page.file.relative_to(ROOT)}:{line}: {OURS} {' '.join(words)}"
            verbs: list[str] = []
            text = general
            for word in words:
                if word in subcommands(text):
                    verbs.append(word)
                    text = help_of(*verbs)
                elif re.fullmatch(r"[a-z][a-z-]+", word) and not verbs:
                    wrong.append(f"{where}: no such verb")
                    break
                elif not word.startswith("-"):
                    break
            for option in OPTION.findall(" ".join(words)):
                if option not in OPTION.findall(general + text) and option not in ("--help", "--version"):
                    wrong.append(f"{where}: no such option {option}")
    assert wrong == []
