"""A Slack incoming webhook with Block Kit's limits."""

from __future__ import annotations

from typing import Any, Iterator

from peer import Peer, want
from told import Told, from_words

MOST_BLOCKS = 50
MOST_FIELDS = 10
CONTROL = ("<!channel>", "<!here>", "<!everyone>")
# The kinds of blocks without anything to click that changes our state.
KINDS = {"header", "section", "context", "divider", "actions", "rich_text"}


class Slack(Peer):
    name = "chat"
    path = "/services/T000/B000/secret-of-the-webhook"

    def read(self, body: Any) -> Iterator[Told]:
        check_message(body)
        yield from from_words(self.name, body["text"], "\n".join(texts(body.get("blocks", []))))


def texts(part: Any) -> Iterator[str]:
    """Every text object, however deep."""
    if isinstance(part, list):
        for each in part:
            yield from texts(each)
    elif isinstance(part, dict):
        if isinstance(part.get("text"), str):
            yield part["text"]
        for each in part.values():
            if isinstance(each, (dict, list)):
                yield from texts(each)


def check_message(body: Any) -> None:
    want(isinstance(body.get("text"), str) and 0 < len(body["text"]) <= 40_000, "the text for notifications")
    blocks = body.get("blocks", [])
    want(len(blocks) <= MOST_BLOCKS, f"{len(blocks)} blocks")
    for block in blocks:
        check_block(block)
    for text in [body["text"], *texts(blocks)]:
        want(not any(word in text for word in CONTROL), "it calls the whole channel")


def check_block(block: Any) -> None:
    want(block["type"] in KINDS, f"the kind {block['type']}")
    if block["type"] == "header":
        want(block["text"]["type"] == "plain_text" and 0 < len(block["text"]["text"]) <= 150, "the header")
    if block["type"] == "section":
        want("text" in block or "fields" in block, "a section without a word")
        want(len(block.get("text", {}).get("text", "-")) <= 3000, "the section")
        fields = block.get("fields", [])
        want(len(fields) <= MOST_FIELDS and all(len(field["text"]) <= 2000 for field in fields), "the fields")
    if block["type"] == "context":
        want(0 < len(block["elements"]) <= 10, "the context")
