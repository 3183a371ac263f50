"""What a client of Celery puts on the broker, without Celery: tasks, and commands to workers that want no answer.

Source: Celery's message protocol 2 and kombu's virtual transport, as the real clients of 5.2 to 5.6 speak them.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import Any


def _envelope(body: Any, headers: dict[str, Any], exchange: str, routing_key: str, **properties: Any) -> bytes:
    envelope = {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": {
            "delivery_mode": 2,
            "delivery_info": {"exchange": exchange, "routing_key": routing_key},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
            **properties,
        },
    }
    return json.dumps(envelope).encode()


def task(name: str, *arguments: Any, queue: str, priority: int = 0, **headers: Any) -> bytes:
    """The message for a queue's list."""
    own = str(uuid.uuid4())
    body = [arguments, {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    usual = {
        "lang": "py", "task": name, "id": own, "shadow": None, "eta": None, "expires": None, "group": None,
        "group_index": None, "retries": 0, "timelimit": [None, None], "root_id": own, "parent_id": None,
        "argsrepr": repr(arguments), "kwargsrepr": "{}", "origin": "row@test", "ignore_result": True,
    }  # fmt: skip
    return _envelope(body, usual | headers, "", queue, correlation_id=own, reply_to="", priority=priority)


def command(method: str, destination: list[str], reply_to: str = "", **arguments: Any) -> bytes:
    """The message for the workers' channel. `reply_to`: of the queue for replies, which rows do not read."""
    body = {"method": method, "arguments": arguments, "destination": destination, "pattern": None, "matcher": None}
    if reply_to:
        body |= {"ticket": str(uuid.uuid4()), "reply_to": {"exchange": "reply.celery.pidbox", "routing_key": reply_to}}
    return _envelope(body, {"clock": 1, "expires": time.time() + 60}, "celery.pidbox", "")
