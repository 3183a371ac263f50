"""An SMTP server that takes every letter and writes down what it says."""

from __future__ import annotations

import time
from email import message_from_bytes, policy
from typing import Any

from stack.mail_server import SmtpServer

import formats
from history import History, Message


class MailPeer(SmtpServer):
    def __init__(self, name: str, history: History) -> None:
        self.name = name
        self.bugs: list[BaseException] = []
        self.letters: list[Any] = []
        self._history = history
        super().__init__(self._accept)

    def _accept(self, raw: bytes) -> bool:
        """What goes wrong in here is the test's fault and not the letter's."""
        try:
            self._take(raw)
        except BaseException as bug:  # noqa: BLE001
            self.bugs.append(bug)
        return True

    def _take(self, raw: bytes) -> None:
        now = time.time()
        mail = message_from_bytes(raw, policy=policy.default)
        said = formats.letter(mail)  # type: ignore[arg-type]
        self.letters.append(mail)
        for news in said.news:
            self._history.add(
                Message(self.name, news.alert, news.state, now, 250, now, None, None, said.key, said.batch, news.note)
            )
