"""Rules about the files in secrets/, where there are any yet: presence, mode, owner, length, known values."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Iterator

from .deployment import Deployment
from .findings import Finding, Found, Place

# Empty is right for these: nothing is being rotated, and no login at the mail server.
MAY_BE_EMPTY = {"superset_previous_secret_key", "smtp_password"}
LEAST_LENGTH = {"superset_secret_key": 32, "guest_token_secret": 32, "async_queries_secret": 32}
# Values of documentation and sample files, in lower case; make-secrets knows the same.
KNOWN = {
    "admin", "password", "superset", "changeme", "secret", "postgres", "redis", "test_non_dev_secret",
    "test-guest-secret-change-me", "test-secret-change-me", "change_me_to_a_complex_random_secret",
    "your_secret_key_here", "thisisasecretkey",
}  # fmt: skip


def _files(deployment: Deployment) -> Iterator[tuple[str, Path]]:
    for name in deployment.compose.at("secrets") or {}:
        path = deployment.folder / str(deployment.compose.at("secrets", name, "file") or f"secrets/{name}")
        if path.parent.is_dir():
            yield name, path


def secrets_come_from_files(deployment: Deployment) -> Iterator[Finding]:
    for name in deployment.compose.at("secrets") or {}:
        if not deployment.compose.at("secrets", name, "file"):
            place = deployment.compose.place("secrets", name)
            yield Finding(place, f"the secret {name} does not come from a file", "write file: ./secrets/" + name)


def secrets_are_there_and_private(deployment: Deployment) -> Iterator[Finding]:
    owner = deployment.env.get("SUPERSET_UID") or Found("1000", Place(deployment.env_file, 1))
    for name, path in _files(deployment):
        here = Place(path, 1)
        try:
            entry = path.stat()
        except OSError:
            yield Finding(here, f"the secret {name} is missing", "run ./make-secrets")
            continue
        if stat.S_IMODE(entry.st_mode) & 0o177:
            yield Finding(here, f"others may read it (mode {stat.S_IMODE(entry.st_mode):o})", f"chmod 600 {path}")
        if str(entry.st_uid) != owner.text:
            message = f"it belongs to user {entry.st_uid}, and Superset runs as {owner.text}"
            yield Finding(here, message, f"chown {owner.text} {path}")


def secrets_are_secret(deployment: Deployment) -> Iterator[Finding]:
    fix = "remove the file and run ./make-secrets; what uses it has to learn the new value"
    for name, path in _files(deployment):
        if not os.access(path, os.R_OK):
            if path.exists():
                yield Finding(Place(path, 1), "this user cannot read it", "run ./lint as root, or as its owner")
            continue
        value, least = path.read_text().strip(), LEAST_LENGTH.get(name, 16)
        if not value and name in MAY_BE_EMPTY:
            continue
        if not value:
            yield Finding(Place(path, 1), f"the secret {name} is empty", fix)
        elif value.lower() in KNOWN:
            yield Finding(Place(path, 1), f"everybody knows this value of {name}", fix)
        elif len(value) < least:
            yield Finding(Place(path, 1), f"{len(value)} characters are too few for {name}, {least} are enough", fix)


RULES = (secrets_come_from_files, secrets_are_there_and_private, secrets_are_secret)
