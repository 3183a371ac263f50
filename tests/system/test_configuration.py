"""Broken files beside the exact words that the daemon has for them, and the sample that must hold."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BAD = sorted((ROOT / "tests" / "data" / "bad").rglob("*.yaml"))


def call(binary: Path, verb: str, file: Path) -> subprocess.CompletedProcess[str]:
    """In the file's folder, so that messages carry its bare name."""
    return subprocess.run(
        [binary, verb, f"--config.file={file.name}"], cwd=file.parent, capture_output=True, text=True, timeout=10
    )


def test_there_are_broken_files() -> None:
    assert len(BAD) >= 30


@pytest.mark.parametrize("file", BAD, ids=lambda file: str(file.relative_to(ROOT / "tests" / "data" / "bad")))
def test_a_broken_file_is_explained_and_does_not_run(binary: Path, file: Path) -> None:
    checked = call(binary, "check-config", file)
    expected = file.with_suffix(".expected").read_text()
    assert checked.stdout + checked.stderr == expected
    only_warnings = all(": warning: " in line for line in expected.splitlines())
    assert checked.returncode == (0 if only_warnings else 1)
    if not only_warnings:
        assert call(binary, "run", file).returncode == 78


def test_the_sample_configuration_is_valid(binary: Path) -> None:
    checked = call(binary, "check-config", ROOT / "config" / "superset-healthd.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_file_that_does_not_exist_is_named(binary: Path, tmp_path: Path) -> None:
    checked = call(binary, "check-config", tmp_path / "missing.yaml")
    assert checked.returncode == 1
    assert "missing.yaml" in checked.stdout + checked.stderr
