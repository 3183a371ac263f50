"""PagerDuty's Events API v2, as its reference describes it."""

from __future__ import annotations

import json
from typing import Any, Iterator

from peer import Peer, want
from told import FIRING, RESOLVED, Told

MOST_BYTES = 512_000
ACTIONS = {"trigger": FIRING, "acknowledge": "acknowledged", "resolve": RESOLVED}
SEVERITIES = {"critical", "error", "warning", "info"}
EVENT = {"routing_key", "event_action", "dedup_key", "payload", "images", "links", "client", "client_url"}
PAYLOAD = {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"}


class PagerDuty(Peer):
    """Resolves and acknowledgements name nothing but their key, so the alert is what was triggered with it.

    A daemon without a memory resolves what is well, since an incident of an earlier one may be open: once each, and that is
    no news.
    """

    name = "pager"
    path = "/v2/enqueue"
    accepted = (202, '{"status":"success","message":"Event processed"}')
    routing_key = "0123456789abcdef0123456789abcdef"

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._in_vain: set[str] = set()
        super().__init__()

    def read(self, body: Any) -> Iterator[Told]:
        check_event(body, self.routing_key)
        key = body["dedup_key"]
        if body["event_action"] == "trigger":
            self._names[key] = alert_of(body["payload"])
        if key not in self._names:
            once = body["event_action"] == "resolve" and key not in self._in_vain
            want(once, f"{body['event_action']} of what was never triggered")
            self._in_vain.add(key)
            return
        yield Told(self.name, self._names[key], ACTIONS[body["event_action"]], json.dumps(body))


def alert_of(payload: dict[str, Any]) -> str:
    """`class` is for the kind of the event."""
    return str(payload.get("class") or payload["custom_details"]["alertname"])


def check_event(body: Any, routing_key: str) -> None:
    want(isinstance(body, dict) and body.keys() <= EVENT, f"the keys {body.keys() - EVENT}")
    want(len(json.dumps(body)) <= MOST_BYTES, "the size")
    want(body["routing_key"] == routing_key, "the routing key")
    want(body["event_action"] in ACTIONS, f"the action {body['event_action']}")
    want(0 < len(body["dedup_key"]) <= 255, "the key")
    if body["event_action"] == "trigger" or "payload" in body:
        check_payload(body["payload"])
    for link in body.get("links", []):
        want(link.keys() <= {"href", "text"} and link["href"].startswith("http"), f"the link {link}")


def check_payload(payload: Any) -> None:
    want(payload.keys() <= PAYLOAD, f"the keys {payload.keys() - PAYLOAD} of the payload")
    want(0 < len(payload["summary"]) <= 1024, "the summary")
    want(bool(payload["source"]), "the source")
    want(payload["severity"] in SEVERITIES, f"the severity {payload['severity']}")
    want(isinstance(payload.get("custom_details", {}), dict), "the details")
