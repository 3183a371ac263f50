"""One fault, one page: on the cause, at each receiver once, with evidence and first steps, and taken back once."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Callable

import pytest

from causes import FAULTS, Fault
from household import RECEIVERS, Household
from pace import RESOLVE, SHORTEST
from stack.waiting import watch
from told import FIRING, RESOLVED, Told

Record = Callable[[str, object], None]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_one_page_and_one_resolve(binary: Path, fault: Fault, record_property: Record) -> None:
    with Household(binary, more=fault.more) as house:
        began = time.monotonic()
        with fault.cause(house):
            fired = house.wait_told(fault.alert, FIRING, fault.within)
            watch(began + SHORTEST - time.monotonic(), partial(nobody_else_is_named, house, fault))
        resolved = house.wait_told(fault.alert, RESOLVED, RESOLVE)
        house.stay_quiet()
        record_property(
            "line", f"{fault.name:20} {fault.alert:28} told everywhere after {fired:4.1f} s, taken back after {resolved:4.1f} s"
        )
        expected = Counter(Told(receiver, fault.alert, state) for receiver in RECEIVERS for state in (FIRING, RESOLVED))
        assert house.counts() == expected, house.story()
        assert not house.complaints()
        check_incident(house, fault)
        check_page(house, fault)
        check_letters(house)


def nobody_else_is_named(house: Household, fault: Fault) -> None:
    assert {news.alert for news in house.told()} == {fault.alert}, house.story()


def check_page(house: Household, fault: Fault) -> None:
    """Who is woken reads which part it is, what was seen, and what to do first."""
    event = next(body for body in house.pager.bodies if body["event_action"] == "trigger")
    details = event["payload"]["custom_details"]
    assert details["evidence"] and details["first_steps"] and details["description"], details
    assert any("/runbooks/" in link["href"] for link in event["links"]), event
    for text in (news.text for news in house.told() if news.receiver in ("chat", "mail") and news.state == FIRING):
        assert fault.accused in text and "/runbooks/" in text, text
    for secret in (house.plan.postgres_password, house.plan.redis_password, house.pager.routing_key, house.chat.path):
        assert not any(secret in news.text for news in house.told() if news.receiver != "pager"), "a secret was told"


def check_letters(house: Household) -> None:
    """A mail program shows both as one thread."""
    fired, taken_back = house.mail.letters
    assert taken_back["References"] == fired["Message-ID"] != taken_back["Message-ID"]


def check_incident(house: Household, fault: Fault) -> None:
    """One fault is one incident, with what was held back as its effects."""
    incidents = house.incidents()
    assert len(incidents) == 1, incidents
    (incident,) = incidents
    causes = [member for member in incident["members"] if member["role"] == "cause"]
    assert [cause["labels"]["alertname"] for cause in causes] == [fault.alert]
    assert not [member for member in incident["members"] if member["role"] == "also"], incident
    assert incident["ended_at"] and incident["timeline"]
