"""What people told the daemon over the command line survives SIGKILL: silences, acknowledgements, maintenance."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from history import FIRING, RESOLVED
from house import House, MakeHouse
from stack.waiting import wait_until


def held(house: House) -> dict[str, Any]:
    """The alert that is held back."""
    found = wait_until(lambda: [each for each in house.alerts() if each["state"] == "suppressed"], 10, "an alert is held back")
    return dict(found[0])


def done(house: House, *arguments: str) -> str:
    """What a command printed that succeeded."""
    result = house.cli(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def stays_untold(house: House, alert: str, receiver: str = "hook") -> None:
    """For as long as it would take several times over."""
    end = time.time() + 2
    wait_until(lambda: house.last_told(receiver, alert) != "" or time.time() > end, 10, "time passes")
    assert house.last_told(receiver, alert) == ""


# The verb, and with what it begins.
LEVERS = {
    "silence": ("silence", ["add", "--for=1h", "--comment=deploy", "probe=app0"]),
    "silence by expression": ("silence", ["add", "--for=1h", "probe=~app[0]"]),
    "maintenance": ("maintenance", ["start", "--for=10m", "--reason=deploy"]),
}
END = {"silence": "expire", "maintenance": "end"}
LISTED = {"silence": "silences", "maintenance": "maintenance"}


@pytest.mark.parametrize("lever", LEVERS)
def test_it_holds_back_what_begins_across_kills_until_it_is_ended(make_house: MakeHouse, lever: str) -> None:
    """The daemon is killed the moment that the command has returned."""
    verb, begin = LEVERS[lever]
    house = make_house()
    alert = house.targets[0].alert
    house.start()
    lever_id = done(house, verb, *begin)
    house.kill()
    house.start()
    shown = json.loads(done(house, verb, "list", "--output=json"))[LISTED[verb]]
    assert [each["id"] for each in shown] == [lever_id], shown
    house.targets[0].turn(False)
    assert verb in held(house)["suppressed_by"].lower()
    stays_untold(house, alert)
    house.kill()
    house.start()
    held(house)
    stays_untold(house, alert)
    done(house, verb, END[verb], lever_id)
    house.wait_told("hook", FIRING)
    house.targets[0].turn(True)
    house.settle()
    house.verify()


def test_a_silence_that_was_ended_stays_ended(make_house: MakeHouse) -> None:
    house = make_house()
    house.start()
    lever_id = done(house, "silence", "add", "--for=1h", "probe=app0")
    done(house, "silence", "expire", lever_id)
    house.kill()
    house.start()
    house.targets[0].turn(False)
    house.settle()
    house.verify()


def test_a_silence_runs_out_while_nobody_is_there(make_house: MakeHouse) -> None:
    house = make_house()
    house.start()
    began = time.time()
    done(house, "silence", "add", "--for=2s", "probe=app0")
    house.targets[0].turn(False)
    held(house)
    house.kill()
    wait_until(lambda: time.time() > began + 3, 10, "it has run out")
    house.start()
    house.settle()
    house.verify()


@pytest.mark.parametrize("lever", LEVERS)
def test_what_was_told_is_still_taken_back(make_house: MakeHouse, lever: str) -> None:
    """A lever holds back what begins, never what ends."""
    house = make_house()
    house.start()
    house.targets[0].turn(False)
    house.settle()
    verb, begin = LEVERS[lever]
    done(house, verb, *begin)
    house.kill()
    house.start()
    house.targets[0].turn(True)
    house.settle()
    house.verify()
    assert house.last_told("hook", house.targets[0].alert) == RESOLVED


def test_another_alert_is_not_silenced(make_house: MakeHouse) -> None:
    house = make_house(targets=2)
    house.start()
    done(house, "silence", "add", "--for=1h", "probe=app0")
    for target in house.targets:
        target.turn(False)
    house.wait_told("hook", FIRING, house.targets[1].alert)
    stays_untold(house, house.targets[0].alert)


def test_an_acknowledgement_survives(make_house: MakeHouse) -> None:
    """No reminder comes while it stands, also after a kill; it ends with the incident."""
    house = make_house()

    def with_reminders(configuration: dict[str, Any]) -> None:
        configuration["receivers"][0]["reminder"] = "1s"

    target = house.targets[0]
    house.start(change=with_reminders)
    target.turn(False)

    def told() -> int:
        return len([m for m in house.history.told().get(("hook", target.alert), []) if m.state == FIRING])

    wait_until(lambda: told() >= 3, 15, "it is brought to mind twice")
    done(house, "ack", "--author=ann", "--comment=on it")
    house.kill()
    house.start(change=with_reminders)
    assert "acknowledged by ann" in done(house, "status").lower()
    reminded, end = told(), time.time() + 3
    wait_until(lambda: time.time() > end, 10, "time for three reminders")
    assert told() == reminded
    incident = json.loads(house.page("/api/v1/incidents"))["incidents"][0]
    assert "ann" in incident["acknowledged_by"]
    target.turn(True)
    house.wait_told("hook", RESOLVED)
    target.turn(False)
    house.wait_told("hook", FIRING)
    assert "acknowledged" not in done(house, "status").lower()
    again = told()
    wait_until(lambda: told() > again, 10, "a new incident is nobody's yet")


def actions(house: House) -> list[str]:
    """Since it was triggered: at its first start the daemon resolves what is well, in case somebody still holds it open."""
    said = [body["event_action"] for body in house.peers["pager"].accepted()]
    return said[said.index("trigger") :]


@pytest.mark.parametrize("away", [False, True], ids=["", "when it is back"])
def test_pagerduty_is_told_who_has_taken_it_on(make_house: MakeHouse, away: bool) -> None:
    """Though the daemon is killed right after the command, or while PagerDuty is away."""
    house = make_house(receivers={"pager": "pagerduty"})
    house.start()
    house.targets[0].turn(False)
    house.wait_told("pager", FIRING)
    if away:
        with house.peers["pager"].trouble("is_away"):
            done(house, "ack", "--author=ann")
            failed = "healthd_notification_failures_total"
            wait_until(lambda: house.metrics().value(failed, receiver="pager"), 10, "it was tried")
            house.kill()
    else:
        done(house, "ack", "--author=ann")
        house.kill()
    house.start()
    wait_until(lambda: "acknowledge" in actions(house), 10, "PagerDuty hears of it")
    house.targets[0].turn(True)
    house.wait_told("pager", RESOLVED)
    told = actions(house)
    assert told in (["trigger", "acknowledge", "resolve"], ["trigger", "acknowledge", "acknowledge", "resolve"])


def test_commands_say_why_they_cannot(make_house: MakeHouse) -> None:
    house = make_house()
    assert house.cli("status").returncode == 1
    assert "does not run" in house.cli("status").stderr
    house.start()
    assert "app0" in done(house, "status")
    for wrong in ("silence expire nobody", "maintenance end nobody", "ack", "silence add --for=99w probe=app0"):
        refused = house.cli(*wrong.split())
        assert refused.returncode == 1 and refused.stderr, wrong
    house.kill()
    house.start()  # over the socket that the killed one left behind
    assert "app0" in done(house, "status")
