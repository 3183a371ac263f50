"""What the suite needs and Debian's pytest does not have: Playwright from PyPI, axe-core from npm, Chromium from Debian.

All of it is kept under build/, so that it is fetched once.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
VENV = BUILD / "web-venv"
AXE = BUILD / "web-axe" / "axe.min.js"
CHROMIUM = Path("/usr/bin/chromium")
PYTHON = "/usr/bin/python3"  # the venv's compiled parts must fit the interpreter that runs pytest


def _run(command: list[str], cwd: Path, what: str) -> str:
    """Fails the test with one sentence where the command cannot do it."""
    cwd.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.fail(f"{what} cannot be installed: {error}", pytrace=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        pytest.fail(f"{what} cannot be installed: {' '.join(last)}", pytrace=False)
    return done.stdout


def playwright() -> Any:
    """The module `playwright.sync_api`."""
    packages = VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    complete = VENV / "complete"
    if not complete.exists():
        _run([PYTHON, "-m", "venv", "--clear", str(VENV)], BUILD, "The venv for Playwright")
        _run([str(VENV / "bin" / "pip"), "install", "--quiet", "playwright"], BUILD, "Playwright (PyPI)")
        complete.touch()
    if str(packages) not in sys.path:
        sys.path.append(str(packages))
    from playwright import sync_api

    return sync_api


def chromium() -> Path:
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium", pytrace=False)
    return CHROMIUM


def axe() -> str:
    """The script of axe-core, which judges a page's accessibility."""
    if not AXE.exists():
        packed = _run(["npm", "pack", "--silent", "axe-core@4"], AXE.parent, "axe-core (npm)").split()[-1]
        with tarfile.open(AXE.parent / packed) as archive:
            member = archive.extractfile("package/axe.min.js")
            assert member
            AXE.write_bytes(member.read())
        (AXE.parent / packed).unlink()
    return AXE.read_text()
