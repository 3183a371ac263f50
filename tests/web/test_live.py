"""The page keeps itself new, and says when it cannot."""

from __future__ import annotations

import re
from typing import Callable

from small_stack import SmallStack
from stack.waiting import wait_until
from visit import Visit

Open = Callable[..., Visit]


def test_a_fault_and_its_end_appear_without_a_reload(stack: SmallStack, visit: Open) -> None:
    stack.incident_of("workers")
    wait_until(lambda: "app0" not in _firing(stack), 20, "app0 is whole")
    shown = visit("/")
    page = shown.page
    link = page.get_by_role("navigation").get_by_role("link", name="Runbooks")
    link.focus()
    page.evaluate("window.kept = document.querySelector('.probes table')")
    stack.target.turn(False)
    shown.wait_for("Gunicorn", "h1")
    shown.wait_for("SupersetWebDown", ".incidents")
    assert "Gunicorn" in page.locator("#announce").text_content()
    assert "Gunicorn" in page.title()
    stack.target.turn(True)
    wait_until(lambda: "Gunicorn: up." in stack.house.page("/"), 15, "the daemon knows of the mending")
    _come_back(shown)
    page.locator("h1").filter(has_not_text="Gunicorn").wait_for(timeout=5_000)
    shown.wait_for("SupersetWebDown", ".recent")
    assert shown.navigations == 1
    assert page.evaluate("document.activeElement.textContent") == "Runbooks"
    assert page.evaluate("window.kept.isConnected"), "the table was replaced instead of changed"


def test_what_a_person_has_unfolded_stays_unfolded(stack: SmallStack, visit: Open) -> None:
    """The edge and the second application fail together: the one is an effect of the other."""
    stack.house.targets[1].turn(False)
    try:
        wait_until(lambda: 'id="effects-' in stack.house.page("/"), 20, "an incident has an effect")
        shown = visit("/")
        folds = shown.page.locator(".incidents details").first, shown.page.locator(".probes details").nth(1)
        for fold in folds:
            fold.locator("summary").focus()
            shown.page.keyboard.press("Enter")
        before = shown.page.locator("#moment").get_attribute("datetime")
        _come_back(shown)
        wait_until(lambda: _step(shown) != before, 3, "the page has become new")
        assert [fold.evaluate("node => node.open") for fold in folds] == [True, True]
        assert shown.page.evaluate("document.activeElement.nodeName") == "SUMMARY"
    finally:
        stack.house.targets[1].turn(True)


def test_an_answer_that_does_not_come_is_told_and_taken_back(stack: SmallStack, visit: Open) -> None:
    shown = visit("/")
    shown.may_fail = True
    stale = shown.page.get_by_role("alert")
    assert stale.text_content() == ""
    moment = shown.text("#moment")
    stack.hold()
    _come_back(shown)
    shown.wait_for("Stale since", "#stale", 15)
    assert moment.split(", ")[0] in stale.inner_text() and "does not answer" in stale.inner_text()
    assert shown.page.title().startswith("Stale · ")
    shown.shoot("stale", full=False)
    stack.resume()
    wait_until(lambda: _step(shown) and stale.text_content() == "", 15, "the notice goes")
    assert not shown.page.title().startswith("Stale")
    assert shown.navigations == 1


def test_an_error_and_a_page_that_does_not_change_are_no_news(visit: Open) -> None:
    shown = visit("/", own_clock=True)
    stale = shown.page.get_by_role("alert")
    shown.page.route("**/", lambda route: route.fulfill(status=200, content_type="text/html", body=shown.source))
    shown.page.clock.run_for(14_000)
    assert stale.text_content() == ""
    shown.page.clock.run_for(3_000)
    shown.wait_for("The monitor shows nothing newer.", "#stale")
    shown.may_fail = True
    shown.page.unroute("**/")
    shown.page.route("**/", lambda route: route.fulfill(status=503, body="Not ready: starting."))
    wait_until(lambda: _says_when_back(shown, "The monitor answered 503."), 10, "the page tells of the answer")


def test_without_scripts_the_page_loads_itself_again(stack: SmallStack, visit: Open) -> None:
    shown = visit("/", java_script_enabled=False)
    before = shown.text("#moment")
    assert re.search(r"\d UTC", before)
    wait_until(lambda: _step(shown) and shown.navigations >= 2, 12, "it has loaded itself again")


def _come_back(shown: Visit) -> None:
    """To a page that was in the background: it is made new at once, not at its next turn."""
    shown.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def _says_when_back(shown: Visit, words: str) -> bool:
    """One that still waits for an earlier answer takes no notice of its coming back."""
    _come_back(shown)
    _step(shown)
    return words in shown.text("#stale")


def _firing(stack: SmallStack) -> str:
    return str([alert["labels"] for alert in stack.house.alerts() if alert["state"] != "resolved"])


def _step(shown: Visit) -> str | None:
    """Lets the browser's events in; Playwright takes them only while it is asked something."""
    shown.page.wait_for_timeout(100)
    return shown.page.locator("#moment").get_attribute("datetime")
