"""The package on a fresh Debian: installed, configured, run, upgraded, removed and purged."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
from stack.ports import free_ports

from debian_root import DebianRoot

pytestmark = pytest.mark.full

CONFIG = "etc/superset-healthd/config.yaml"
KEEP_OURS = ("-o", "Dpkg::Options::=--force-confold")
TO_DO = "not configured yet"
OLD_GOES_ON = "the old one goes on watching"
# Files of dpkg, apt and accounts stay after a purge on every Debian.
LEFT = "find / -xdev -name '*superset-healthd*' -not -path '/proc/*'"


def configuration() -> str:
    ports = free_ports(["web", "target"])
    return (
        "stack: fresh\n"
        f'web: {{listen_address: "127.0.0.1:{ports["web"]}"}}\n'
        "probes:\n"
        f'  - {{name: app, kind: gunicorn, url: "http://127.0.0.1:{ports["target"]}/health", interval: 500ms, timeout: 200ms}}\n'
    )


@pytest.fixture(scope="session")
def satisfied(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebianRoot]:
    """With what the package depends on, from the mirror."""
    root = DebianRoot.fresh(tmp_path_factory.mktemp("debian") / "root")
    root.satisfy(package)
    yield root
    root.close()


@pytest.fixture
def root(satisfied: DebianRoot, tmp_path: Path) -> Iterator[DebianRoot]:
    copy = satisfied.copy(tmp_path / "root")
    yield copy
    copy.close()


def configure(root: DebianRoot, text: str | None = None) -> None:
    (root.folder / CONFIG).write_text(configuration() if text is None else text)


# --- one life ------------------------------------------------------------------------------------------------------


def test_a_fresh_install_starts_nothing_and_says_what_to_do(root: DebianRoot, package: Path) -> None:
    said = root.apt("install", package)
    assert TO_DO in said and "systemctl enable --now superset-healthd" in said
    assert not root.enabled()
    found = root.run(
        f"stat -c '%a %U:%G' /etc/superset-healthd /{CONFIG} /var/lib/superset-healthd; getent passwd superset-healthd"
    ).stdout.splitlines()
    assert "750 root:superset-healthd" in found and "640 root:superset-healthd" in found
    assert "700 superset-healthd:superset-healthd" in found
    assert found[-1].endswith(":/var/lib/superset-healthd:/usr/sbin/nologin")


def test_the_service_runs_as_its_user_who_alone_may_read_the_configuration(root: DebianRoot, package: Path) -> None:
    root.apt("install", package)
    configure(root)
    root.run("superset-healthd check-config")
    assert root.run(f"! setpriv --reuid=65534 --regid=65534 --clear-groups cat /{CONFIG}").returncode == 0
    run = """
      install -d -o superset-healthd -g superset-healthd /run/superset-healthd
      as_user="setpriv --reuid=superset-healthd --regid=superset-healthd --init-groups"
      $as_user superset-healthd run >/tmp/log 2>&1 & pid=$!
      tries=0
      until superset-healthd status | grep app; do
        tries=$((tries + 1))
        if [ $tries -gt 100 ]; then cat /tmp/log; exit 1; fi
        sleep 0.1
      done
      kill $pid
      wait $pid
      ls -ln /var/lib/superset-healthd
    """
    shown = root.run(run).stdout
    assert "gunicorn" in shown or "app" in shown


def test_an_upgrade_keeps_a_changed_configuration_and_the_state(root: DebianRoot, package: Path, newer: Path) -> None:
    root.apt("install", package)
    mine = configuration()
    configure(root, mine)
    (root.folder / "var/lib/superset-healthd/kept").touch()
    root.run(f"chmod 0600 /{CONFIG}")
    said = root.apt("install", newer)
    assert TO_DO not in said
    assert (root.folder / CONFIG).read_text() == mine
    assert (root.folder / CONFIG).stat().st_mode & 0o777 == 0o600, "an administrator's mode stays"
    assert (root.folder / "var/lib/superset-healthd/kept").exists()
    assert root.run("dpkg-query -W -f '${Version}' superset-healthd").stdout.endswith("999.0")


def test_a_removal_keeps_what_is_the_sites_and_a_purge_nothing(root: DebianRoot, package: Path) -> None:
    root.apt("install", package)
    configure(root)
    (root.folder / "etc/superset-healthd/redis.pw").write_text("secret\n")
    (root.folder / "var/lib/superset-healthd/state.db").touch()
    root.apt("remove", "superset-healthd")
    assert not (root.folder / "usr/bin/superset-healthd").exists()
    assert (root.folder / CONFIG).exists() and (root.folder / "var/lib/superset-healthd/state.db").exists()
    root.apt("purge", "superset-healthd")
    left = [line for line in root.run(LEFT).stdout.splitlines() if line.startswith("/")]
    assert left == []
    assert root.run("getent passwd superset-healthd").returncode == 0, "the account stays, as Debian recommends"


def test_a_second_purge_and_install_find_nothing_in_their_way(root: DebianRoot, package: Path) -> None:
    for _ in range(2):
        assert TO_DO in root.apt("install", package)
        root.run("dpkg-reconfigure superset-healthd && dpkg-reconfigure superset-healthd")
        root.apt("purge", "superset-healthd")


# --- what systemd is asked to do ------------------------------------------------------------------------------------


@pytest.fixture
def host(root: DebianRoot, package: Path) -> DebianRoot:
    """With a systemd, and the package installed but not configured."""
    root.pretend_systemd()
    root.apt("install", package)
    return root


def test_a_service_without_configuration_is_neither_enabled_nor_started(host: DebianRoot, newer: Path) -> None:
    assert (host.asked(), host.enabled()) == ([], False)
    host.apt("install", newer)
    assert (host.asked(), host.enabled()) == ([], False)


def test_an_installation_over_a_valid_configuration_starts_the_service(root: DebianRoot, package: Path) -> None:
    root.pretend_systemd()
    (root.folder / CONFIG).parent.mkdir()
    configure(root)
    said = root.apt("install", package, *KEEP_OURS)
    assert TO_DO not in said
    assert (root.asked(), root.enabled()) == (["start"], True)


@pytest.fixture
def at_work(host: DebianRoot) -> DebianRoot:
    """Configured, enabled and running."""
    configure(host)
    host.run("systemctl enable superset-healthd.service")
    host.set_running(True)
    host.asked()
    return host


def test_an_upgrade_restarts_what_runs_once_and_never_stops_it_before(at_work: DebianRoot, newer: Path) -> None:
    at_work.apt("install", newer)
    assert at_work.asked() == ["restart"]


def test_an_upgrade_leaves_alone_what_somebody_stopped(at_work: DebianRoot, newer: Path) -> None:
    at_work.set_running(False)
    at_work.apt("install", newer)
    assert (at_work.asked(), at_work.enabled()) == ([], True)


def test_an_upgrade_leaves_the_old_one_running_where_the_new_would_not_start(at_work: DebianRoot, newer: Path) -> None:
    configure(at_work, "stack: fresh\nno_such_key: 1\n")
    assert OLD_GOES_ON in at_work.apt("install", newer)
    assert at_work.asked() == []


def test_an_upgrade_does_not_enable_what_somebody_disabled(at_work: DebianRoot, newer: Path) -> None:
    at_work.run("systemctl disable superset-healthd.service")
    at_work.apt("install", newer)
    assert (at_work.asked(), at_work.enabled()) == (["restart"], False)


def test_a_removal_stops_it_and_an_installation_afterwards_starts_it_again(at_work: DebianRoot, package: Path) -> None:
    at_work.apt("remove", "superset-healthd")
    assert at_work.asked() == ["stop"]
    at_work.apt("install", package)
    assert (at_work.asked(), at_work.enabled()) == (["start"], True)


def test_a_purge_takes_what_enabled_it(at_work: DebianRoot) -> None:
    at_work.apt("purge", "superset-healthd")
    assert (at_work.asked(), at_work.enabled()) == (["stop"], False)
    left = [line for line in at_work.run(LEFT).stdout.splitlines() if line.startswith("/") and "/run/active" not in line]
    assert left == []
