"""What is in the package: files, modes, control data, and what lintian says of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import ROOT, build_package, needed

FILES = """
-rw-r----- /etc/superset-healthd/config.yaml
drwxr-x--- /etc/superset-healthd/
-rwxr-xr-x /usr/bin/superset-healthd
-rw-r--r-- /usr/lib/systemd/system/superset-healthd.service
-rw-r--r-- /usr/lib/sysusers.d/superset-healthd.conf
-rw-r--r-- /usr/lib/tmpfiles.d/superset-healthd.conf
-rw-r--r-- /usr/share/bash-completion/completions/superset-healthd
-rw-r--r-- /usr/share/doc/superset-healthd/changelog.gz
-rw-r--r-- /usr/share/doc/superset-healthd/copyright
-rw-r--r-- /usr/share/man/man5/superset-healthd.yaml.5.gz
-rw-r--r-- /usr/share/man/man8/superset-healthd.8.gz
-rw-r--r-- /usr/share/superset-healthd/examples/env.sh
-rw-r--r-- /usr/share/superset-healthd/examples/superset-healthd.yaml
-rw-r--r-- /usr/share/superset-healthd/rules/inhibit-rules.yml
-rw-r--r-- /usr/share/superset-healthd/rules/superset-healthd.rules.yml
-rw-r--r-- /usr/share/zsh/vendor-completions/_superset-healthd
""".split("\n")[1:-1]


def field(package: Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "-f", package, name], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="session")
def listing(package: Path) -> dict[str, tuple[str, str]]:
    """Mode and owner of each path."""
    text = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=5) for line in text.splitlines()]
    return {row[5].removeprefix("."): (row[0], row[1]) for row in rows}


def test_every_file_is_there_with_its_mode(listing: dict[str, tuple[str, str]]) -> None:
    wanted = dict(reversed(line.split(maxsplit=1)) for line in FILES)  # type: ignore[arg-type]
    assert {path: listing.get(path, ("missing", ""))[0] for path in wanted} == wanted


def test_nobody_but_root_owns_and_may_write_anything(listing: dict[str, tuple[str, str]]) -> None:
    assert {owner for _, owner in listing.values()} == {"root/root"}
    assert [path for path, (mode, _) in listing.items() if mode[5] == "w" or mode[8] == "w" or "s" in mode] == []


def test_runbooks_and_dashboards_are_all_shipped(listing: dict[str, tuple[str, str]]) -> None:
    names = {Path(path).name for path in listing if path.startswith("/usr/share/superset-healthd/")}
    runbooks = {file.name for file in (ROOT / "ops/runbooks").glob("*.md")} - {"README.md"}
    dashboards = {file.name for file in (ROOT / "ops/grafana").rglob("*.json")}
    assert runbooks and runbooks | dashboards <= names


def test_nothing_lies_where_only_the_administrator_writes(listing: dict[str, tuple[str, str]]) -> None:
    inside = ("/etc/superset-healthd/", "/usr/bin/", "/usr/lib/", "/usr/share/")
    folders = {"/etc/", "/usr/"}
    assert [path for path in listing if not path.startswith(inside) and path not in folders] == []
    assert not any(path.startswith("/usr/local") for path in listing)


def test_the_configuration_is_the_only_conffile(control: Path) -> None:
    assert (control / "conffiles").read_text() == "/etc/superset-healthd/config.yaml\n"


def test_the_shipped_configuration_watches_nothing_and_tells_nobody(binary: Path, unpacked: Path) -> None:
    """A fresh install must not ask a host of an example, nor page somebody."""
    shipped = unpacked / "etc/superset-healthd/config.yaml"
    assert [line for line in shipped.read_text().splitlines() if line and not line.startswith("#")] == []
    done = subprocess.run([binary, "check-config", f"--config.file={shipped}"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 1


def test_the_smallest_file_that_it_shows_is_valid(binary: Path, unpacked: Path, tmp_path: Path) -> None:
    """What stands behind `#` from `stack:` on."""
    lines = (unpacked / "etc/superset-healthd/config.yaml").read_text().splitlines()
    start = lines.index("# stack: production")
    file = tmp_path / "config.yaml"
    file.write_text("\n".join(line.removeprefix("# ") for line in lines[start:]) + "\n")
    done = subprocess.run([binary, "check-config", f"--config.file={file}"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0, done.stderr


def test_libraries_are_found_by_their_symbols(package: Path) -> None:
    depends = field(package, "Depends")
    for library in ("libc6", "libpq5", "libssl3", "libsqlite3-0", "libcurl4", "adduser"):
        assert library in depends
    assert "boost" not in depends  # of bookworm-backports, which a site need not have


def test_the_program_is_stripped_and_hardened(unpacked: Path) -> None:
    headers = subprocess.run(["readelf", "-hSdl", unpacked / "usr/bin/superset-healthd"], capture_output=True, text=True).stdout
    assert "DYN (Position-Independent Executable" in headers
    assert "GNU_RELRO" in headers
    assert ".debug_info" not in headers


@pytest.mark.parametrize("script", ["preinst", "postinst", "prerm", "postrm"])
def test_the_maintainer_scripts_stop_at_the_first_error(control: Path, script: str) -> None:
    file = control / script
    assert file.stat().st_mode & 0o777 == 0o755
    lines = file.read_text().splitlines()
    assert lines[0] == "#!/bin/sh" and "set -e" in lines[:4]
    assert subprocess.run(["sh", "-n", file]).returncode == 0


def test_lintian_finds_no_error_and_no_warning(package: Path) -> None:
    command = [needed("lintian"), "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", package]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.full
def test_the_same_sources_make_the_same_bytes(package: Path, tmp_path: Path) -> None:
    assert build_package(tmp_path).read_bytes() == package.read_bytes()
