"""The receivers of this suite refuse what the real ones refuse, and count what they were told."""

from __future__ import annotations

import json
import smtplib
import urllib.error
import urllib.request
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any, Iterator

import pytest

from mail_peer import MailServer
from pagerduty_peer import PagerDuty
from peer import Peer
from slack_peer import Slack
from told import FIRING, RESOLVED, Told, from_words


@pytest.fixture
def pager() -> Iterator[PagerDuty]:
    peer = PagerDuty()
    yield peer
    peer.close()


@pytest.fixture
def chat() -> Iterator[Slack]:
    peer = Slack()
    yield peer
    peer.close()


@pytest.fixture
def mail() -> Iterator[MailServer]:
    peer = MailServer()
    yield peer
    peer.close()


def post(peer: Peer, body: Any) -> int:
    request = urllib.request.Request(peer.url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        return int(urllib.request.urlopen(request, timeout=5).status)
    except urllib.error.HTTPError as error:
        return error.code


def event(action: str, **payload: Any) -> dict[str, Any]:
    full = {"summary": "No answer.", "source": "broker", "severity": "critical", "class": "RedisDown"} | payload
    return {"routing_key": PagerDuty.routing_key, "event_action": action, "dedup_key": "healthd:1", "payload": full}


def test_an_incident_of_pagerduty_is_told_by_its_key(pager: PagerDuty) -> None:
    resolve = event("resolve")
    del resolve["payload"]
    assert [post(pager, event("trigger")), post(pager, resolve)] == [202, 202]
    assert pager.told == [Told("pager", "RedisDown", FIRING), Told("pager", "RedisDown", RESOLVED)]


@pytest.mark.parametrize(
    "wrong",
    [
        event("triggers"), event("trigger", severity="none"), event("trigger", summary="x" * 1025), event("trigger", more=1),
        event("trigger") | {"routing_key": "another"}, event("trigger") | {"dedup_key": ""}, event("acknowledge"),
        event("trigger", custom_details={"evidence": "x" * 600_000}),
    ],
    ids=["action", "severity", "summary", "unknown key", "routing key", "no key", "never triggered", "too large"],
)  # fmt: skip
def test_pagerduty_refuses(pager: PagerDuty, wrong: dict[str, Any]) -> None:
    assert post(pager, wrong) == 400
    assert len(pager.complaints) == 1 and not pager.told


def test_slack_takes_a_message_with_blocks(chat: Slack) -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "FIRING: Redis does not answer."}}]
    assert post(chat, {"text": "FIRING: RedisDown", "blocks": blocks}) == 200
    assert chat.told == [Told("chat", "RedisDown", FIRING)]


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_pagerduty_is_told_once_that_something_is_well_which_it_never_heard_of(pager: PagerDuty) -> None:
    assert [post(pager, event("resolve")), post(pager, event("resolve"))] == [202, 400]
    assert not pager.told


@pytest.mark.parametrize(
    "wrong",
    [
        {"blocks": []}, {"text": "x", "blocks": [section("x")] * 51}, {"text": "x", "blocks": [section("x" * 3001)]},
        {"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]},
        {"text": "RedisDown <!channel>"}, {"text": "x", "blocks": [{"type": "section"}]}, {"text": "x", "blocks": [{"type": "x"}]},
    ],
    ids=["no text", "blocks", "section", "header", "whole channel", "empty section", "kind"],
)  # fmt: skip
def test_slack_refuses(chat: Slack, wrong: dict[str, Any]) -> None:
    assert post(chat, wrong) == 400
    assert len(chat.complaints) == 1 and not chat.told


def letter(**heads: str) -> EmailMessage:
    message = EmailMessage()
    all_heads = {
        "From": "healthd@example.com", "To": "oncall@example.com", "Subject": "[FIRING] RedisDown: Redis does not answer.",
        "Date": formatdate(), "Message-ID": "<1@healthd>", "Auto-Submitted": "auto-generated",
    } | {name.replace("_", "-"): text for name, text in heads.items()}  # fmt: skip
    for name, text in all_heads.items():
        if text:
            message[name] = text
    message.set_content("It began at noon.\n.\nA line with one dot stands before this one.\n")
    return message


def hand_in(mail: MailServer, message: EmailMessage) -> None:
    host, _, port = mail.smarthost.partition(":")
    with smtplib.SMTP(host, int(port), timeout=5) as client:
        client.send_message(message)


def test_a_letter_is_taken_as_it_was_written(mail: MailServer) -> None:
    hand_in(mail, letter())
    assert mail.told == [Told("mail", "RedisDown", FIRING)] and not mail.complaints
    assert "\n.\nA line with" in mail.told[0].text


@pytest.mark.parametrize("missing", ["Date", "Message_ID", "Auto_Submitted", "Subject"])
def test_a_letter_without_its_head_is_refused(mail: MailServer, missing: str) -> None:
    with pytest.raises(smtplib.SMTPDataError):
        hand_in(mail, letter(**{missing: ""}))
    assert len(mail.complaints) == 1 and not mail.told


@pytest.mark.parametrize("raw", [b"A: b\n\nc\r\n", b"A: " + b"b" * 1000 + b"\r\n\r\n", b"A: \xc3\xa4\r\n\r\n"],
                         ids=["a bare newline", "a long line", "eight bits"])  # fmt: skip
def test_a_line_that_must_not_be_sent_is_refused(mail: MailServer, raw: bytes) -> None:
    assert not mail.take(raw)


@pytest.mark.parametrize(
    "head, body, news",
    [
        ("[FIRING] RedisDown: no answer", "resolved PostgresDown", [("RedisDown", FIRING)]),
        ("RESOLVED: RedisDown (broker, pages): it was FIRING", "", [("RedisDown", RESOLVED)]),
        ("1 FIRING, 1 RESOLVED in pages: RedisDown, PostgresDown", "*FIRING* RedisDown\nRESOLVED: PostgresDown",
         [("PostgresDown", RESOLVED), ("RedisDown", FIRING)]),
        ("STILL FIRING: RedisDown", "", [("RedisDown", "still firing")]),
        ("FIRING: NothingOfOurs", "while RedisDown is FIRING", []),
    ],
)
def test_words_for_people_are_counted(head: str, body: str, news: list[tuple[str, str]]) -> None:
    assert [(each.alert, each.state) for each in from_words("chat", head, body)] == news
