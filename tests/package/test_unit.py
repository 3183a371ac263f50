"""The unit and its account by systemd's own tools, on the files of the package."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tools import needed

UNIT = "usr/lib/systemd/system/superset-healthd.service"
# In tenths: what is left is the network, which a monitor cannot do without.
MOST_EXPOSURE = 13


@pytest.fixture(scope="session")
def unit(unpacked: Path) -> Path:
    return unpacked / UNIT


def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path, binary: Path, tmp_path: Path) -> None:
    """systemd wants the program to be there, so the copy names the one that is."""
    copy = tmp_path / unit.name
    text, count = re.subn(r"(?m)^(Exec\w+=)/usr/bin/superset-healthd\b", rf"\1{binary}", unit.read_text())
    assert count >= 1
    copy.write_text(text)
    done = subprocess.run([needed("systemd-analyze"), "verify", "--man=no", copy], capture_output=True, text=True, timeout=30)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "superset-healthd" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_unit_is_locked_down(unit: Path) -> None:
    command = [needed("systemd-analyze"), "security", "--no-pager", "--offline=true", f"--threshold={MOST_EXPOSURE}", unit]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_names_pages_that_are_shipped(unit: Path, unpacked: Path) -> None:
    named = re.findall(r"man:([\w.-]+)\((\d)\)", unit.read_text())
    assert named
    for page, section in named:
        assert (unpacked / f"usr/share/man/man{section}/{page}.{section}.gz").exists()


def test_a_monitor_is_never_given_up_but_for_a_wrong_configuration(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    for line in ("Restart=always", "StartLimitIntervalSec=0", "RestartPreventExitStatus=78", "Type=notify", "WatchdogSec=20s"):
        assert line in lines


def lines_of(root: Path, file: str, user: str = "superset-healthd") -> list[str]:
    return [line for line in (root / "etc" / file).read_text().splitlines() if line.startswith(f"{user}:")]


def test_the_account_is_made_by_sysusers_and_the_state_folder_by_tmpfiles(unpacked: Path, tmp_path: Path) -> None:
    """In a root of their own, so that this machine gets no account."""
    for tool in ("sysusers", "tmpfiles"):
        folder = tmp_path / f"usr/lib/{tool}.d"
        folder.mkdir(parents=True)
        (folder / "superset-healthd.conf").write_bytes((unpacked / f"usr/lib/{tool}.d/superset-healthd.conf").read_bytes())
    (tmp_path / "etc").mkdir()
    commands = (["systemd-sysusers", "--dry-run"], ["systemd-sysusers"], ["systemd-tmpfiles", "--create"])
    for program, *options in commands:
        command = [needed(program), *options, f"--root={tmp_path}", "superset-healthd.conf"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "etc/passwd").exists() == (command[1] != "--dry-run")
    [account] = lines_of(tmp_path, "passwd")
    _, password, uid, gid, _, home, shell = account.split(":")
    assert (password, home, shell) == ("x", "/var/lib/superset-healthd", "/usr/sbin/nologin")
    [locked] = lines_of(tmp_path, "shadow")
    assert locked.split(":")[1].startswith("!")
    state = (tmp_path / "var/lib/superset-healthd").stat()
    assert (state.st_mode & 0o777, state.st_uid, state.st_gid) == (0o700, int(uid), int(gid))
