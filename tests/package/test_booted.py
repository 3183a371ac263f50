"""The package under a real systemd that is PID 1: its unit as it is shipped, with all that locks it down."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from stack.waiting import wait_until, watch

from bootable import GROUP, SMALL, configure
from booted import UNIT, Booted
from debian_root import DebianRoot

pytestmark = pytest.mark.full

PORT = 9848
BROKEN = "stack: booted\nno_such_key: 1\n"


def active(host: Booted) -> bool:
    return host.show("ActiveState") == "active"


def as_user(name: str, command: str) -> str:
    return f"setpriv --reuid={name} --regid={name} --init-groups {command}"


# --- installed, configured, started ----------------------------------------------------------------------------------


def test_after_an_installation_it_waits_to_be_configured_and_then_runs(bare: Booted) -> None:
    """By the three steps that the installation prints."""
    said = bare.text("dpkg -i /root/ours.deb")
    assert "systemctl enable --now superset-healthd" in said
    assert (bare.show("ActiveState"), bare.show("UnitFileState")) == ("inactive", "disabled")
    configure(bare, SMALL)
    bare.run("superset-healthd check-config && superset-healthd probe --explain broker")
    bare.run("systemctl enable --now superset-healthd")
    assert (bare.show("ActiveState"), bare.show("UnitFileState")) == ("active", "enabled")
    assert bare.show("StatusText") == "watching 2 probes"
    pid = bare.show("MainPID")
    assert bare.text(f"stat -c %U:%G /proc/{pid}") == f"{GROUP}:{GROUP}"
    wait_until(lambda: "broker (redis): up" in bare.text("superset-healthd status"), 15, "the real Redis is up")
    assert 'probe="broker"' in bare.get(PORT, "/metrics")


def test_all_that_locks_it_down_is_in_force(running: Booted) -> None:
    pid = running.show("MainPID")
    rows = dict(line.split(":\t", 1) for line in running.text(f"cat /proc/{pid}/status").splitlines() if ":\t" in line)
    assert (rows["NoNewPrivs"], rows["Seccomp"]) == ("1", "2")
    assert {rows[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert running.text("cat /proc/self/uid_map") != running.text(f"cat /proc/{pid}/uid_map"), "users of its own"
    mounts = [line.split() for line in running.text(f"cat /proc/{pid}/mounts").splitlines()]
    options = {fields[1]: fields[3].split(",") for fields in mounts}  # the last on a folder counts
    assert "ro" in options["/"] and "hidepid=invisible" in options["/proc"] and "subset=pid" in options["/proc"]
    assert "rw" in options["/var/lib/superset-healthd"]
    assert "ignor" not in running.journal().lower()


def test_the_metrics_know_when_it_was_started_though_it_sees_little_of_proc(running: Booted) -> None:
    rows = dict(line.rsplit(" ", 1) for line in running.get(PORT, "/metrics").splitlines() if not line.startswith("#"))
    assert abs(float(rows["process_start_time_seconds"]) - time.time()) < 60
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"):
        assert float(rows[name]) > 0


def test_it_is_active_only_once_it_is_ready_and_is_tried_again_until_then(installed: Booted) -> None:
    configure(installed, SMALL)
    with installed.in_network(lambda: socket.create_server(("127.0.0.1", PORT))):
        assert installed.run("systemctl start superset-healthd", check=False).returncode != 0
        watch(8, lambda: None if not active(installed) else pytest.fail("active, and its port is another's"))
        assert int(installed.show("NRestarts")) >= 1
    wait_until(lambda: active(installed), 20, "the port is free, and it runs")


def test_it_comes_with_the_boot(bootable: DebianRoot, tmp_path: Path) -> None:
    """Installed while no systemd ran, over a valid configuration, as in an image."""
    root = bootable.copy(tmp_path / "root")
    (root.folder / "etc/superset-healthd").mkdir()
    (root.folder / "etc/superset-healthd/config.yaml").write_text(SMALL)
    root.run("dpkg --force-confold -i /root/ours.deb")
    host = Booted(root, tmp_path / "scratch")
    try:
        assert active(host) and host.show("UnitFileState") == "enabled"
        assert "stack booted" in host.text("superset-healthd status")
    finally:
        host.close()
        root.close()


# --- reload, restart, stop -------------------------------------------------------------------------------------------


def test_a_reload_takes_a_good_file_and_fails_with_a_bad_one(running: Booted) -> None:
    pid = running.show("MainPID")
    configure(running, SMALL + '  - {name: spare, kind: gunicorn, url: "http://127.0.0.1:8089/health"}\n')
    running.run("systemctl reload superset-healthd", seconds=15)
    assert running.show("StatusText") == "watching 3 probes"
    assert "spare (gunicorn)" in running.text("superset-healthd status")
    configure(running, BROKEN)
    assert running.run("systemctl reload superset-healthd", seconds=15, check=False).returncode != 0
    assert "no_such_key" in running.journal(), "the reason is in the unit's log"
    assert "the old configuration runs" in running.show("StatusText")
    assert (active(running), running.show("MainPID"), running.show("SubState")) == (True, pid, "running")


def test_a_hangup_is_shown_as_a_reload_that_ends(running: Booted) -> None:
    """`kill -HUP`, of which systemd learns by what it is told alone."""
    running.run(f"systemctl log-level debug && systemctl kill --signal=HUP {UNIT}")
    heard = "journalctl -o cat _PID=1 | grep -E 'Got notification message.*(RELOADING=1|READY=1)'"
    wait_until(lambda: running.run(heard, check=False).stdout.count("\n") == 2, 10, "RELOADING=1 and READY=1 were heard")
    assert "event=reloaded" in running.journal()
    assert (active(running), running.show("SubState")) == (True, "running")


def test_what_it_knows_and_the_modes_outlive_a_restart(running: Booted) -> None:
    silence = running.text("superset-healthd silence add --for 1h alertname=RedisDown")
    before = running.show("MainPID")
    running.run("systemctl restart superset-healthd")
    assert running.show("MainPID") != before
    assert silence in running.text("superset-healthd silence list")
    found = running.text(
        "cd / && stat -c '%a %U:%G %n' var/lib/superset-healthd run/superset-healthd run/superset-healthd/control.sock "
        "etc/superset-healthd etc/superset-healthd/config.yaml var/lib/superset-healthd/*"
    ).splitlines()
    folders, files = found[:5], found[5:]
    assert folders == [
        f"700 {GROUP}:{GROUP} var/lib/superset-healthd", f"755 {GROUP}:{GROUP} run/superset-healthd",
        f"660 {GROUP}:{GROUP} run/superset-healthd/control.sock", f"750 root:{GROUP} etc/superset-healthd",
        f"640 root:{GROUP} etc/superset-healthd/config.yaml",
    ]  # fmt: skip
    assert files and all(line.startswith(f"600 {GROUP}:{GROUP} ") for line in files), files


def test_root_and_the_group_may_use_the_control_socket_and_nobody_else(running: Booted) -> None:
    running.run(f"useradd member -G {GROUP} && useradd stranger")
    assert "stack booted" in running.text("superset-healthd status")
    assert "stack booted" in running.text(as_user("member", "superset-healthd status"))
    running.run(as_user("member", "superset-healthd silence add --for 1h alertname=RedisDown"))
    assert "by member" in running.text("superset-healthd silence list")
    refused = running.run(as_user("stranger", "superset-healthd status"), check=False)
    assert refused.returncode == 1 and "a member of its group" in refused.stdout


def test_a_stop_ends_within_ten_seconds_and_leaves_nothing_in_run(running: Booted) -> None:
    began = time.monotonic()
    running.run("systemctl stop superset-healthd")
    assert time.monotonic() - began < 10
    assert (running.show("ActiveState"), running.show("Result")) == ("inactive", "success")
    assert running.run("test ! -e /run/superset-healthd").returncode == 0


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_wrong_configuration_is_not_tried_again(installed: Booted) -> None:
    configure(installed, BROKEN)
    assert installed.run("systemctl start superset-healthd", check=False).returncode != 0
    assert (installed.show("ExecMainStatus"), installed.show("Result")) == ("78", "exit-code")
    watch(8, lambda: None if installed.show("ActiveState") == "failed" else pytest.fail("it is tried again"))
    assert installed.show("NRestarts") == "0"
    configure(installed, SMALL)
    installed.run("systemctl start superset-healthd")


def test_after_a_crash_it_runs_again(running: Booted) -> None:
    before = running.show("MainPID")
    running.run(f"systemctl kill --signal=KILL {UNIT}")
    wait_until(lambda: active(running) and running.show("MainPID") not in (before, "0"), 20, "it runs again")
    assert running.show("NRestarts") == "1"


def test_one_whose_loop_is_wedged_is_ended_by_the_watchdog_and_runs_again(running: Booted) -> None:
    running.drop_in("wedged", "WatchdogSec=3s\nEnvironment=HEALTHD_FAILPOINT=wedge_loop:3")
    running.run("systemctl restart superset-healthd")
    wait_until(lambda: "Watchdog timeout" in running.journal(), 20, "systemd misses its sign of life")
    running.run(f"rm /etc/systemd/system/{UNIT}.d/wedged.conf && systemctl daemon-reload")
    wait_until(lambda: active(running) and running.show("NRestarts") != "0", 30, "it runs again")
    assert "code=killed, status=6/ABRT" in running.journal()
    assert running.show("WatchdogUSec") == "20s"


# --- upgraded and removed --------------------------------------------------------------------------------------------


def test_an_upgrade_restarts_it_with_its_state(running: Booted) -> None:
    silence = running.text("superset-healthd silence add --for 1h alertname=RedisDown")
    before = running.show("MainPID")
    running.run("dpkg -i /root/newer.deb")
    assert active(running) and running.show("MainPID") != before
    assert silence in running.text("superset-healthd silence list")


def test_a_purge_stops_it_and_leaves_only_the_account(running: Booted) -> None:
    running.run("dpkg --purge superset-healthd")
    assert running.show("ActiveState") == "inactive"
    everywhere = "find / /run /tmp /dev/shm -xdev"
    assert running.text(f"{everywhere} -name '*superset-healthd*'").splitlines() == []
    assert running.text(f"{everywhere} -user {GROUP} -o -group {GROUP}").splitlines() == []
    running.run(f"getent passwd {GROUP}")
