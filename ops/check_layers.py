#!/usr/bin/python3
"""Enforces which folder may include which, where heavy libraries may appear, and that a type's name is used once.

The arrows are config <- probes <- exporters <- daemon. The heavy libraries cost up to half a minute of compile
time for each file that includes them, so that every new place must be a decision: a line in a table below.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("config", "probes", "exporters", "daemon")

# What each room may include of the others: whole folders end with a slash.
ARROWS: dict[str, tuple[str, ...]] = {
    "config": (),
    "probes": ("config/",),
    "exporters": (
        "config/",
        "probes/result.hpp",
        "probes/histogram.hpp",
        "probes/deadline.hpp",
        "probes/with_deadline.hpp",
        "probes/net/",
    ),
    "daemon": ("config/", "probes/", "exporters/"),
}

# Where a library's headers may appear. A place is a file, or a folder with all below it.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "boost/beast": (
        "probes/net/boost_impl.cpp",
        "probes/net/http.cpp",
        "exporters/http_messages.cpp",
        "exporters/http_server.cpp",
        "exporters/web_stream.cpp",
    ),
    "boost/asio/ssl": (
        "probes/net/boost_impl.cpp",
        "probes/net/tls.cpp",
        "exporters/web_stream.cpp",
        "exporters/web_tls.cpp",
    ),
    "boost/url": ("probes/net/boost_impl.cpp", "probes/net/url.cpp"),
    "openssl": (
        "probes/net/tls.cpp",
        "probes/net/certificate.cpp",
        "exporters/alert.cpp",
        "exporters/web_logins.cpp",
        "exporters/web_tls.cpp",
    ),
    "crypt": ("exporters/web_logins.cpp",),
    "zlib": ("exporters/metrics_form.cpp",),
    "libpq": (
        "probes/net/postgres.cpp",
        "probes/net/postgres_connect.cpp",
        "probes/net/postgres_libpq.cpp",
        "probes/net/postgres_libpq.hpp",
        "probes/net/postgres_target.cpp",
    ),
    "pqxx": ("daemon/grants_check_postgres.cpp",),
    "re2": ("daemon/levers.cpp", "probes/http_expect.cpp", "probes/http_promises.cpp", "probes/net/scrub.cpp"),
    "hiredis": ("probes/net/resp.cpp",),
    "yaml-cpp": ("config/",),
    "prometheus": ("exporters/",),
    "cmark": ("exporters/markdown.cpp",),
    "nlohmann": ("probes/", "exporters/", "daemon/"),
    "spdlog": ("daemon/",),
    "CLI": ("daemon/",),
    "sqlite3": ("daemon/store_file.cpp",),
    "curl": ("exporters/email.cpp", "exporters/smtp.cpp"),
}

# Declarations only: cheap, and allowed in any file of ours.
LIGHT = ("openssl/types.h", "nlohmann/json_fwd.hpp")
# Libraries that no header of ours may include, because the header would carry them everywhere.
NEVER_IN_HEADERS = ("boost/beast", "boost/asio/ssl", "boost/url", "openssl", "libpq", "pqxx", "re2", "hiredis", "nlohmann", "spdlog", "CLI")

# Headers of ours that hand a library on, and the only files that may include them.
SHARED_BY_FEW: dict[str, tuple[str, ...]] = {
    "exporters/http_messages.hpp": ("exporters/http_messages.cpp", "exporters/http_server.cpp"),
    "probes/net/postgres_libpq.hpp": (
        "probes/net/postgres.cpp",
        "probes/net/postgres_connect.cpp",
        "probes/net/postgres_libpq.cpp",
    ),
}

# At the left margin, so none within another type; with its body, so no declaration.
TYPE = re.compile(r"^(?:struct|(?:enum )?class) (\w+)(?: final)?(?: : [^;]*)? \{")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def sources() -> list[Path]:
    """What git knows or would take; without git, every file."""
    patterns = [f"{room}/*.{suffix}" for room in ROOMS for suffix in ("hpp", "cpp")]
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode == 0:
        return [Path(line) for line in sorted(set(listed.stdout.splitlines())) if (ROOT / line).exists()]
    return sorted(path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.?pp"))


def allowed(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or (place.endswith("/") and name.startswith(place)) for place in places)


def wrong_arrow(file: Path, included: str) -> str | None:
    """Our own headers: only along the arrows."""
    room, target = file.parts[0], included.split("/")[0]
    if target not in ROOMS:
        return f'"{included}" is not named from the root of the source tree' if (ROOT / file.parent / included).exists() else None
    if included in SHARED_BY_FEW and not allowed(file.as_posix(), SHARED_BY_FEW[included]):
        return f'"{included}" is for {" and ".join(SHARED_BY_FEW[included])} alone'
    if target == room or allowed(included, ARROWS[room]):
        return None
    return f'{room}/ must not include "{included}"'


def wrong_library(file: Path, included: str) -> str | None:
    """Other people's headers: only where the table says."""
    if included in LIGHT or file.as_posix() in SHARED_BY_FEW:
        return None
    for library, places in LIBRARIES.items():
        if included != library and not included.startswith((f"{library}/", f"{library}-", f"{library}.")):
            continue
        if not allowed(file.as_posix(), places):
            return f"<{included}> belongs in {', '.join(places)}"
        if file.suffix == ".hpp" and library in NEVER_IN_HEADERS:
            return f"<{included}> must not be in a header"
    return None


def problems(file: Path) -> list[str]:
    found = []
    for number, line in enumerate((ROOT / file).read_text().splitlines(), start=1):
        if match := INCLUDE.match(line):
            check = wrong_arrow if match[1] == '"' else wrong_library
            if text := check(file, match[2]):
                found.append(f"{file}:{number}: {text}")
    return found


def named_twice(files: list[Path]) -> list[str]:
    """Two types of one name in one namespace are one type to the linker, whichever of them it sees first."""
    first: dict[str, str] = {}
    found = []
    for file in files:
        if file.suffix != ".hpp":
            continue
        for number, line in enumerate((ROOT / file).read_text().splitlines(), start=1):
            if match := TYPE.match(line):
                place = f"{file}:{number}"
                if match[1] in first:
                    found.append(f"{place}: the name {match[1]} is taken by {first[match[1]]}")
                first.setdefault(match[1], place)
    return found


def main() -> int:
    files = sources()
    found = [problem for file in files for problem in problems(file)] + named_twice(files)
    print("\n".join(found) if found else f"layers: {len(files)} files follow the arrows")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
