"""The programs that the tests of the package call."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = "superset-healthd"
BROUGHT_BY = {"man": "man-db", "lintian": "lintian", "debootstrap": "debootstrap", "zsh": "zsh"}


def needed(program: str) -> str:
    """Its path; a test that needs a program which is not there fails with the package that brings it."""
    path = shutil.which(program)
    assert path, f"{program} is missing: apt-get install {BROUGHT_BY.get(program, program)}"
    return path


def build_package(folder: Path, *options: str) -> Path:
    """Without this test's own variables, which a compiler or packager might read."""
    command = [ROOT / "systemd/package/build", "--no-build", "--no-lintian", "--output", folder, *options]
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, f"systemd/package/build failed:\n{done.stdout}{done.stderr}"
    return Path(done.stdout.split()[-1])


@cache
def help_of(binary: Path, *verbs: str) -> str:
    done = subprocess.run([binary, *verbs, "--help"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, f"{OURS} {' '.join(verbs)} --help: {done.stderr}"
    return done.stdout


def subverbs(binary: Path, *verbs: str) -> list[str]:
    _, _, below = help_of(binary, *verbs).partition("Subcommands:")
    return re.findall(r"(?m)^  ([a-z-]+)", below)


def long_options(binary: Path, *verbs: str) -> list[str]:
    _, _, below = help_of(binary, *verbs).partition("Options:")
    return re.findall(r"(?m)^  (?:-\w,)?(--[a-z][a-z.-]*)", below.partition("Subcommands:")[0])


def all_verbs(binary: Path) -> list[tuple[str, ...]]:
    """() for none, ("run",), ("silence",), ("silence", "add") and so on."""
    found: list[tuple[str, ...]] = [()]
    for verb in subverbs(binary):
        found.append((verb,))
        found += [(verb, part) for part in subverbs(binary, verb)]
    return found
