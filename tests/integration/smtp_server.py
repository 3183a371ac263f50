"""A mail server for tests: takes mail on loopback, and writes each as JSON into a folder."""

from __future__ import annotations

import argparse
import json
import signal
import ssl
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session


class Keeper:
    def __init__(self, folder: Path, answer: str) -> None:
        self.folder, self.answer, self.count = folder, answer, 0

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content
        mail = message_from_bytes(raw, policy=policy.default)
        kept = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in mail.items()],
            "body": mail.get_content(),
            "ascii": raw.isascii(),
            "longest": max(len(line) for line in raw.split(b"\r\n")),
            "bare": raw.replace(b"\r\n", b"").count(b"\n") + raw.replace(b"\r\n", b"").count(b"\r"),
            "tls": session.ssl is not None,
            "login": session.authenticated,
            "hello": session.host_name,
        }
        part = self.folder / f"part-{self.count}"
        part.write_text(json.dumps(kept))
        part.rename(self.folder / f"mail-{self.count}.json")
        self.count += 1
        return self.answer


def check_login(server: Server, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"healthd", b"s3cret"), handled=False)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--auth", action="store_true")
    parser.add_argument("--answer", default="250 OK")
    options = parser.parse_args()
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    controller = Controller(
        Keeper(options.folder, options.answer),
        hostname="127.0.0.1",
        port=options.port,
        tls_context=context,
        require_starttls=context is not None,
        auth_required=options.auth,
        authenticator=check_login if options.auth else None,
    )
    controller.start()
    (options.folder / "ready").touch()
    signal.pause()  # the signal that ends us


if __name__ == "__main__":
    main()
