"""Superset itself, from PyPI, in an environment of its own that is kept for the next run.

It is the version that .env.example names, with the packages that Superset's image adds (superset/requirements.txt), and with
the libraries of that image where their version matters (constraints.txt). Kept below /var/tmp, for the servers run as
another user, who may not read every checkout.
"""

from __future__ import annotations

import os
import subprocess
import zlib
from pathlib import Path

import pytest

from shipped import SHIPPED

from linting.sources import read_env

PYTHON = "/usr/bin/python3"
REQUIREMENTS = SHIPPED / "superset" / "requirements.txt"
CONSTRAINTS = Path(__file__).resolve().parent / "constraints.txt"
# Superset 6.1.0 imports it for its login page and does not ask for it. The image has it.
FORGOTTEN = "cachetools==6.2.1"
CACHE = Path(os.environ.get("HEALTHD_SUPERSET_CACHE", f"/var/tmp/healthd-superset-{os.geteuid()}"))


def version() -> str:
    return read_env(SHIPPED / ".env.example")["SUPERSET_VERSION"].text


def superset() -> Path:
    """The folder of the environment. Another list of packages is another environment."""
    wanted = [f"apache-superset=={version()}", FORGOTTEN, "-r", str(REQUIREMENTS), "-c", str(CONSTRAINTS)]
    mark = zlib.crc32(b"".join(path.read_bytes() for path in (REQUIREMENTS, CONSTRAINTS, Path(__file__))))
    folder = CACHE / f"{version()}-{mark:08x}"
    if not (folder / "complete").exists():
        CACHE.mkdir(mode=0o755, exist_ok=True)
        if CACHE.is_symlink() or CACHE.stat().st_uid != os.geteuid():
            pytest.fail(f"{CACHE} belongs to somebody else", pytrace=False)
        _run(PYTHON, "-m", "venv", "--clear", str(folder))
        _run(str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *wanted)
        _run(str(folder / "bin" / "pip"), "check")
        (folder / "complete").touch()
    return folder


def _run(*command: str) -> None:
    """Fails with one sentence where the command cannot do it."""
    done = subprocess.run(["/usr/bin/nice", "-n", "19", *command], capture_output=True, text=True, umask=0o022)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        pytest.fail(f"Superset {version()} cannot be had from PyPI: {' '.join(last)}", pytrace=False)
