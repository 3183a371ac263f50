"""A new configuration for a daemon that goes on: what did not change runs on, what went is taken back, a wrong file changes nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest

from house import House, MakeHouse
from peers import Peer
import formats
from stack.waiting import wait_until

Change = Callable[[dict[str, Any]], None]


def rewrite(house: House, change: Change) -> None:
    file = house.folder / "config.yaml"
    configuration = json.loads(file.read_text())
    change(configuration)
    file.write_text(json.dumps(configuration, indent=1))


def reload(house: House, change: Change) -> subprocess.CompletedProcess[str]:
    rewrite(house, change)
    return house.cli("reload")


def runs(house: House, probe: str) -> float:
    return house.metrics().value("healthd_probe_runs_total", probe=probe) or 0


def seen(house: House, *probes: str) -> None:
    wait_until(lambda: all(runs(house, probe) > 2 for probe in probes), 15, f"{probes} are looked at")


def in_use(house: House) -> bool:
    return house.metrics().value("healthd_config_last_reload_successful") == 1


def test_an_unchanged_probe_runs_on_and_a_changed_one_begins_anew(make_house: MakeHouse) -> None:
    house = make_house(targets=2)
    house.start()
    wait_until(lambda: min(runs(house, "app0"), runs(house, "app1")) > 10, 15, "both have run for a while")
    before = runs(house, "app0")

    def slower(configuration: dict[str, Any]) -> None:
        configuration["probes"][1]["interval"] = "5s"

    done = reload(house, slower)
    assert done.returncode == 0, done.stderr
    assert "2 probes, 1 of them unchanged" in done.stdout
    assert runs(house, "app0") >= before
    assert runs(house, "app1") <= 1
    assert house.metrics().value("healthd_probe_interval_seconds", probe="app1") == 5


def test_a_probe_that_comes_is_looked_at_and_one_that_goes_is_forgotten(make_house: MakeHouse) -> None:
    house = make_house(targets=2)
    house.start()
    seen(house, "app0", "app1")
    probes = json.loads((house.folder / "config.yaml").read_text())["probes"]
    assert reload(house, lambda all_: all_.update(probes=[probes[0], probes[1] | {"name": "late"}])).returncode == 0
    seen(house, "late")
    assert house.metrics().value("healthd_probe_runs_total", probe="app1") is None


def test_what_fires_is_told_once_and_taken_back_once_over_a_reload(make_house: MakeHouse) -> None:
    house = make_house(targets=2)
    house.start()
    house.targets[0].turn(False)
    house.wait_told("hook", "firing")
    done = reload(house, lambda all_: all_["probes"][1].update(interval="400ms"))
    assert done.returncode == 0, done.stderr
    wait_until(lambda: runs(house, "app1") > 5, 15, "the new configuration has been at work")
    assert house.metrics().value("healthd_incidents_total") == 1
    house.targets[0].turn(True)
    house.wait_told("hook", "resolved")
    house.settle()
    house.verify()
    states = [alert["status"] for body in house.peers["hook"].accepted() for alert in body["alerts"]]
    assert states == ["firing", "resolved"]


def test_an_alert_whose_probe_goes_is_taken_back_with_the_reason(make_house: MakeHouse) -> None:
    house = make_house(targets=2)
    house.start()
    house.targets[0].turn(False)
    house.wait_told("hook", "firing")
    assert reload(house, lambda all_: all_["probes"].pop(0)).returncode == 0
    house.wait_told("hook", "resolved")
    last = house.peers["hook"].accepted()[-1]["alerts"][0]
    assert "configur" in last["annotations"]["note"], last["annotations"]


def test_a_new_receiver_hears_of_what_fires(make_house: MakeHouse) -> None:
    house = make_house(receivers={"hook": "webhook", "late": "webhook"})
    house.start(change=lambda all_: all_["receivers"].pop())
    house.targets[0].turn(False)
    house.wait_told("hook", "firing")
    receiver = {"name": "late", "webhook": {"url": house.peers["late"].url}}
    assert reload(house, lambda all_: all_["receivers"].append(receiver)).returncode == 0
    house.wait_told("late", "firing")


def test_a_silence_and_the_metrics_of_a_receiver_outlive_a_reload(make_house: MakeHouse) -> None:
    house = make_house()
    house.start()
    house.targets[0].turn(False)
    house.wait_told("hook", "firing")
    house.targets[0].turn(True)
    house.wait_told("hook", "resolved")
    sent = wait_until(lambda: house.metrics().value("healthd_notifications_total", receiver="hook"), 10, "it counts")
    assert house.cli("silence", "add", "probe=app0", "--for=1h", "--comment=x").returncode == 0
    assert reload(house, lambda all_: None).returncode == 0
    assert "probe=app0" in house.cli("silence", "list").stdout
    assert house.metrics().value("healthd_notifications_total", receiver="hook") == sent


def test_a_wrong_file_changes_nothing_and_is_told_of(make_house: MakeHouse) -> None:
    house = make_house(alerts={"overrides": {"HealthdConfigReloadFailed": {"for": "1s"}}})
    house.start()
    seen(house, "app0")
    before = runs(house, "app0")
    done = reload(house, lambda all_: all_["probes"][0].update(intervall="1s"))
    assert done.returncode == 1
    assert "config.yaml:" in done.stderr and 'did you mean "interval"' in done.stderr
    assert not in_use(house)
    assert runs(house, "app0") >= before
    wait_until(lambda: house.shown("HealthdConfigReloadFailed/healthd") or "HealthdConfigReloadFailed" in house.page("/"), 45,
               "the alert is raised")  # fmt: skip
    assert reload(house, lambda all_: all_["probes"][0].pop("intervall")).returncode == 0
    assert in_use(house)


def test_what_needs_a_restart_is_refused_and_says_so(make_house: MakeHouse) -> None:
    house = make_house()
    house.start()
    done = reload(house, lambda all_: all_.update(stack="another"))
    assert done.returncode == 1 and "a new name needs a restart" in done.stderr
    done = reload(house, lambda all_: all_.update(stack="delivery") or all_["web"].update(listen_address="127.0.0.1:1"))
    assert done.returncode == 1 and "a new address needs a restart" in done.stderr


def test_sighup_is_a_reload(make_house: MakeHouse) -> None:
    house = make_house(targets=2)
    house.start()
    seen(house, "app0")
    rewrite(house, lambda all_: all_["probes"][1].update(interval="5s"))
    assert house.process
    house.process.send_signal(signal.SIGHUP)
    wait_until(lambda: house.metrics().value("healthd_probe_interval_seconds", probe="app1") == 5, 10, "it has read the file")


def test_a_secret_that_changed_in_its_file_is_used_from_then_on(make_house: MakeHouse) -> None:
    house = make_house(receivers={"chat": "slack"})
    house.start()
    elsewhere = Peer("elsewhere", house.history, formats.slack, "/services/T000/B000/rotated")
    try:
        Path(house._secret("chat", elsewhere.url))
        assert reload(house, lambda all_: None).returncode == 0
        house.targets[0].turn(False)
        wait_until(elsewhere.accepted, 15, "the message goes to the new address")
        assert not house.peers["chat"].heard
    finally:
        elsewhere.close()


# --- 200 wrong files -----------------------------------------------------------------------------------------------


def mutations(text: str, count: int, seed: int) -> list[str]:
    """Copies of a configuration that are wrong in a random way; a few may happen to be right."""
    source = random.Random(seed)
    made = []
    while len(made) < count:
        at = source.randrange(len(text))
        kind = source.randrange(5)
        if kind == 0:
            made.append(text[:at])  # as after a full disk
        elif kind == 1:
            made.append(text[:at] + source.choice(['"', "}", "[", ":", "\x00", "\t", "*a", "&a "]) + text[at:])
        elif kind == 2:
            made.append(text[:at] + text[at + source.randrange(1, 20) :])
        elif kind == 3:
            made.append(text.replace(source.choice(['"url"', '"interval"', '"name"', '"kind"', '"probes"']), '"x"', 1))
        else:
            made.append(source.choice(["", "[]", "null", "stack: 1\n" * 9, "{" * 99, text * 2]))
    return made


def test_no_wrong_file_costs_a_single_run(make_house: MakeHouse, full: bool) -> None:
    house = make_house(targets=2, defaults={"interval": "1s"})
    house.start()
    seen(house, "app0", "app1")
    file = house.folder / "config.yaml"
    good = file.read_text()
    refused = 0
    for text in mutations(good, 200 if full else 40, seed=7):
        file.write_text(text)
        refused += house.cli("reload").returncode
    file.write_text(good)
    assert house.cli("reload").returncode == 0
    metrics = house.metrics()
    print(f"{refused} files were refused")
    assert refused >= (150 if full else 30)
    for probe in ("app0", "app1"):
        assert metrics.value("healthd_probe_overruns_total", probe=probe) == 0
        assert metrics.value("healthd_probe_state", probe=probe, state="up") == 1


# --- at the start --------------------------------------------------------------------------------------------------


def spoil(configuration: dict[str, Any]) -> None:
    configuration["nonsense"] = 1


def test_a_wrong_file_at_the_start_runs_on_what_was_last_in_use(make_house: MakeHouse) -> None:
    house = make_house()
    house.start()
    seen(house, "app0")
    assert house.stop() == 0
    house.start(change=spoil)
    seen(house, "app0")
    assert not in_use(house)
    assert 'unknown key "nonsense"' in house.log_text()
    copy = house.state / "config.last-good.yaml"
    assert copy.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("strict", [True, False])
def test_a_wrong_file_ends_the_start_where_nothing_else_is_there_or_wanted(make_house: MakeHouse, strict: bool) -> None:
    house = make_house()
    if strict:
        house.start()
        assert house.stop() == 0
        house.more["nonsense"] = 1
    command = [house.binary, "run", f"--config.file={house.folder / 'config.yaml'}", f"--storage.path={house.state}"]
    (house.folder / "config.yaml").write_text(json.dumps(house.configuration() | {"nonsense": 1}))
    done = subprocess.run([*command, "--config.strict"] if strict else command, capture_output=True, text=True, timeout=10,
                          env={"PATH": os.environ["PATH"]})  # fmt: skip
    assert done.returncode == 78
    assert 'unknown key "nonsense"' in done.stderr
