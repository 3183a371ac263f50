"""What a person finds on the pages."""

from __future__ import annotations

import re
from typing import Callable

from small_stack import HOSTILE, SmallStack
from stack.waiting import wait_until
from visit import Visit

Open = Callable[..., Visit]


def test_the_status_page_shows_each_part_of_the_stack_and_its_history(stack: SmallStack, visit: Open) -> None:
    stack.incident_of("workers")  # no worker runs
    wait_until(lambda: "Gunicorn: up." in stack.house.page("/"), 20, "the applications are well")
    shown = visit("/")
    page = shown.page
    assert "down" in shown.text("h1") and "Celery workers" in shown.text("h1")
    diagram = page.get_by_role("img", name=re.compile("Gunicorn: up. .*Celery workers: down."))
    assert diagram.count() == 1
    for probe in ("app0", "app1", "edge", "broker", "workers"):
        row = page.locator("table").filter(has_text="Last result").get_by_role("row", name=re.compile(f"^{probe} "))
        bars = row.get_by_role("img", name=re.compile("^Of the last [0-9]+ results"))
        assert bars.count() == 1, probe
        texts = bars.locator("rect title").all_text_contents()
        assert texts and all(re.search(r"\d\d:\d\d:\d\d UTC: (up|down|degraded|unknown)$", text) for text in texts), probe


def test_certificates_queues_receivers_and_the_monitor_are_told_of(stack: SmallStack, visit: Open) -> None:
    wait_until(lambda: "certificates" in stack.house.page("/"), 10, "the edge has shown its certificate")
    shown = visit("/")
    assert re.search(r"60 days left\s+localhost:\d+\s+valid until \d+ \w+ \d{4}", shown.text(".certificates"))
    assert "7 messages wait" in shown.text(".queues")
    assert shown.page.get_by_role("img", name=re.compile("^Trend: 7 messages wait; at most 7")).count() == 1
    assert re.search(r"hook\s", shown.text(".receivers"))
    assert "State file" in shown.text(".monitor") and "kept" in shown.text(".monitor")


def test_silences_and_maintenance_say_what_until_when_and_by_whom(stack: SmallStack, visit: Open) -> None:
    made = stack.house.cli("silence", "add", "probe=app1", "--for=2h", "--author=ann", f"--comment={HOSTILE}")
    assert made.returncode == 0, made.stderr
    begun = stack.house.cli("maintenance", "start", "--for=30m", "--author=bob", "--reason=new disks", "--component=redis")
    assert begun.returncode == 0, begun.stderr
    try:
        wait_until(lambda: "new disks" in stack.house.page("/"), 5, "the page knows of it")
        shown = visit("/")
        text = " ".join(shown.text(".levers").split())
        assert re.search(r"Maintenance of redis .* UTC \(29 min left\) bob new disks", text), text
        assert re.search(r"Silence of probe=app1 .* UTC \(1 h 59 min left\) ann ", text), text
        assert HOSTILE in text
    finally:
        stack.house.cli("silence", "expire", made.stdout.split()[-1])
        stack.house.cli("maintenance", "end")


def test_an_incident_has_a_page_with_cause_evidence_timeline_and_report(stack: SmallStack, visit: Open) -> None:
    stack.target.turn(False)
    incident = stack.incident_of("app0")
    assert stack.house.cli("ack", incident, "--author=ann", f"--comment={HOSTILE}").returncode == 0
    wait_until(lambda: "ann" in stack.house.page(f"/incidents/{incident}"), 5, "ann has taken it on")
    shown = visit("/")
    shown.page.locator(".incidents").get_by_role("link", name=re.compile("SupersetWebDown")).first.click()
    shown.page.wait_for_url(f"**/incidents/{incident}")
    assert "SupersetWebDown" in shown.text("h1")
    assert "ann" in shown.text(".headline")
    assert "check" in shown.text(".evidence") or "reason" in shown.text(".evidence")
    assert shown.page.locator(".timeline li").count() >= 2
    report = shown.page.get_by_role("link", name="Report (Markdown)").evaluate("link => link.pathname")
    assert f"# Incident {incident}" in stack.house.page(report)
    shown.page.get_by_role("link", name=re.compile("^Runbook")).first.click()
    shown.page.wait_for_url("**/runbooks/*")
    listed = visit("/incidents/")
    row = listed.page.get_by_role("row", name=re.compile("SupersetWebDown.*open.*ann"))
    assert row.count() >= 1
