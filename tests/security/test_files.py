"""Files that a configuration names and that are not what they should be: pipes nobody writes to, folders, devices."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
from place import PASSWORD, Place, bcrypt
from stack.waiting import wait_until

Wrong = Callable[[Path], str]


def a_pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe", 0o600)
    return str(folder / "pipe")


def a_folder(folder: Path) -> str:
    (folder / "folder").mkdir(mode=0o700)
    return str(folder / "folder")


def a_device(_: Path) -> str:
    return "/dev/zero"


def redis(**more: Any) -> dict[str, Any]:
    return {"name": "cache", "kind": "redis", "url": "rediss://127.0.0.1:1/0", **more}


USES = {
    "password_file": lambda file: redis(password_file=file),
    "ca_file": lambda file: redis(tls={"ca_file": file}),
    "key_file": lambda file: redis(tls={"cert_file": "/etc/passwd", "key_file": file}),
}


@pytest.mark.parametrize("key", USES)
@pytest.mark.parametrize("wrong", [a_pipe, a_folder, a_device])
def test_a_reload_refuses_what_is_no_file_and_the_daemon_goes_on(make_place: Callable[..., Place], wrong: Wrong, key: str) -> None:
    place = make_place()
    place.more["probes"] = [USES[key](wrong(place.folder))]
    place.write()
    reload = [str(place.binary), "reload", f"--control.socket={place.folder}/control.sock"]
    said = subprocess.run(reload, capture_output=True, text=True, timeout=20)
    assert said.returncode == 1
    assert key in said.stderr and "is not a regular file" in said.stderr and "config.yaml:" in said.stderr
    assert place.metric("healthd_config_last_reload_successful") == 0
    assert ends(place) == 0


@pytest.mark.parametrize("wrong", [a_pipe, a_folder, a_device])
def test_a_key_of_the_pages_that_becomes_a_pipe_holds_up_nothing(
    make_place: Callable[..., Place], wrong: Wrong
) -> None:
    place = make_place(web={"basic_auth_users": {"ops": bcrypt(PASSWORD)}})
    place.web = {"tls_server_config": {"cert_file": wrong(place.folder), "key_file": "/dev/null"}}
    place.write()
    assert place.process
    place.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "web_config_kept" in place.log_text(), 15, "the daemon keeps the web file that it had")
    assert "is not a regular file" in place.log_text() or "web_config_problem" in place.log_text()
    assert ends(place) == 0


def test_a_start_names_every_file_that_is_none(make_place: Callable[..., Place]) -> None:
    place = make_place()
    place.more["probes"] = [redis(password_file=a_folder(place.folder)), redis(name="b", tls={"ca_file": a_pipe(place.folder)})]
    checked = subprocess.run([str(place.binary), "check-config", *place.write()], capture_output=True, text=True, timeout=20)
    assert checked.returncode == 1
    assert checked.stdout.count("is not a regular file") == 2


def test_files_are_looked_for_beside_the_configuration_wherever_the_check_runs(make_place: Callable[..., Place]) -> None:
    place = make_place()
    place.more["probes"] = [redis(tls={"ca_file": "own/ca.pem"})]
    checked = subprocess.run([str(place.binary), "check-config", *place.write()], cwd="/", capture_output=True, text=True, timeout=20)
    assert f"cannot load {place.folder}/own/ca.pem" in checked.stdout


def test_a_certificate_that_is_not_verified_is_warned_of(make_place: Callable[..., Place]) -> None:
    place = make_place()
    place.more["probes"] = [redis(tls={"insecure_skip_verify": True})]
    checked = subprocess.run([str(place.binary), "check-config", *place.write()], capture_output=True, text=True, timeout=20)
    assert checked.returncode == 0
    assert "warning: insecure_skip_verify" in checked.stdout


def ends(place: Place) -> int:
    assert place.process
    place.process.terminate()
    return place.process.wait(15)
