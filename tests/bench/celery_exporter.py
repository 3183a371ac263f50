"""celery-exporter from PyPI, kept in a cache: Debian has no package of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from peers import Peer

PACKAGES = Path(__file__).with_suffix(".txt")
PYTHON = "/usr/bin/python3"
LONGEST = 300  # seconds that an installation may take


class NotInstalled(RuntimeError):
    """It cannot be had; the message says why."""


class CeleryExporter(Peer):
    """Asks all workers for two things at each scrape, and listens to their events all the time."""

    name = "celery_exporter"
    program = "celery-exporter"
    page = "/health"  # /metrics takes it seconds
    start_seconds = 60
    marker = '\ncelery_active_worker_count{queue_name="celery"} 2.0\n'

    def command(self) -> list[str]:
        start = "from src.cli import cli; cli(auto_envvar_prefix='CE')"
        return [str(python()), "-B", "-c", start, "--host=127.0.0.1", f"--port={self.port}"]

    def environment(self) -> dict[str, str]:
        return {"CE_BROKER_URL": self.plan.broker_url, "HOME": str(self.room)}


def version() -> str:
    """Of the exporter and of its Celery, as the list of packages has them."""
    pinned = dict(line.split("==") for line in PACKAGES.read_text().splitlines() if "==" in line)
    return f"{pinned['prometheus-exporter-celery']} with Celery {pinned['celery']}"


def python() -> Path:
    return _folder() / "bin" / "python"


def installed() -> bool:
    """Whether it can be used without anything from outside."""
    return _is_ours(_cache()) and (_folder() / "complete").exists()


def install() -> None:
    """From PyPI unless it is there. Wheels only: nothing that a package brings is run at its installation."""
    if installed():
        return
    _cache().mkdir(mode=0o755, parents=True, exist_ok=True)
    if not _is_ours(_cache()):
        raise NotInstalled(f"others may write into {_cache()}")
    shutil.rmtree(_folder(), ignore_errors=True)
    _run([PYTHON, "-m", "venv", str(_folder())], "no virtual environment, for which Debian has python3-venv")
    # The package's own limit, Python before 3.13, is a precaution; it works with Debian 13's.
    options = ["--quiet", "--disable-pip-version-check", "--retries=1", "--timeout=20", "--only-binary=:all:",
               "--no-deps", "--ignore-requires-python", f"--requirement={PACKAGES}"]  # fmt: skip
    _run([str(python()), "-m", "pip", "install", *options], "not installed from PyPI")
    (_folder() / "complete").touch()


def _cache() -> Path:
    where = os.environ.get("HEALTHD_CELERY_EXPORTER_CACHE", f"/var/tmp/healthd-celery-exporter-{os.geteuid()}")
    return Path(where).absolute()


def _folder() -> Path:
    """Another one for other packages, and for another Python."""
    facts = PACKAGES.read_bytes() + os.fsencode(os.path.realpath(PYTHON))
    return _cache() / hashlib.sha256(facts).hexdigest()[:12]


def _is_ours(cache: Path) -> bool:
    """What is in there is run, so nobody else may have put it there."""
    if cache.is_symlink() or not cache.is_dir():
        return False
    facts = cache.stat()
    return facts.st_uid == os.geteuid() and not facts.st_mode & 0o022


def _run(command: list[str], failed: str) -> None:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{failed} within {LONGEST} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotInstalled(f"{failed}: {said[-1] if said else done.returncode}")
