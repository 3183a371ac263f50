"""A mail server that takes every letter, without TLS, and is strict about the lines on the wire (RFC 5321, RFC 5322)."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Lock

from stack.mail_server import SmtpServer

from peer import Refused, want
from told import Told, from_words

LONGEST_LINE = 998
MUST_HAVE = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")


class MailServer(SmtpServer):
    name = "mail"

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.letters: list[EmailMessage] = []
        self.complaints: list[str] = []
        self._lock = Lock()
        super().__init__(self.take)

    def take(self, raw: bytes) -> bool:
        """The letter as it came, dots unstuffed."""
        try:
            check_lines(raw)
            letter = message_from_bytes(raw, policy=policy.default)
            assert isinstance(letter, EmailMessage)
            check_head(letter)
            news = list(from_words(self.name, str(letter["Subject"]), text_of(letter)))
        except (Refused, ValueError, KeyError, LookupError) as error:
            with self._lock:
                self.complaints.append(f"{self.name}: {error!r} in {raw[:2000]!r}")
            return False
        with self._lock:
            self.letters.append(letter)
            self.told += news
        return True


def check_lines(raw: bytes) -> None:
    want(raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r"), "a bare CR or LF")
    want(all(len(line) <= LONGEST_LINE for line in raw.split(b"\r\n")), "a line too long")
    want(raw.isascii() and b"\0" not in raw, "a byte that is not for a server without 8BITMIME")


def check_head(letter: EmailMessage) -> None:
    want(not letter.defects, f"{letter.defects}")
    for name in MUST_HAVE:
        want(len(letter.get_all(name, [])) == 1, f"exactly one {name}")


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    want(body is not None, "a body for people")
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
