"""Secrets of the configuration, each with a word of its own: none of the words is found anywhere outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from place import Place, bcrypt
from scripted import Line, Scripted
from stack.receiver import Receiver
from stack.waiting import wait_until
from test_logins import login

# Words that no scrubber could guess at: only who knows that a value is secret keeps it back.
WORDS = {name: f"zq{number}canary{number}7w" for number, name in enumerate(
    ["postgres", "redis", "hook", "slack", "routing", "proxy", "user", "heartbeat"])}  # fmt: skip


class Echo(Receiver):
    """Refuses, and repeats the request's path in its answer, as some services do."""

    def __init__(self) -> None:
        super().__init__()
        self.scripted = Scripted(self._say)

    @staticmethod
    def _say(line: Line) -> None:
        while True:
            head = line.request()
            body = head.replace(b"\r\n", b" ")
            line.say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def postgres(line: Line) -> None:
    """Wants the password in the clear, and repeats what it got in its refusal."""
    first = line.read()
    if first[4:8] == b"\x04\xd2\x16\x2f":  # SSLRequest
        line.say(b"N")
        first = line.read()
    line.say(b"R\0\0\0\x08\0\0\0\x03")
    got = line.read()
    line.say(error("28P01", b"no such login: " + first[8:].replace(b"\0", b" ") + got[5:].rstrip(b"\0")))


def error(code: str, message: bytes) -> bytes:
    fields = b"SFATAL\0VFATAL\0C" + code.encode() + b"\0M" + message + b"\0\0"
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


def redis(line: Line) -> None:
    while got := line.read():
        line.say(b"-WRONGPASS no such login: " + got.replace(b"\r\n", b" ") + b"\r\n")


@pytest.fixture
def servers() -> Iterator[dict[str, Any]]:
    made = {"postgres": Scripted(postgres), "redis": Scripted(redis), "hook": Receiver(), "echo": Echo()}
    yield made
    for server in made.values():
        server.close()
    made["echo"].scripted.close()


def everything(place: Place, servers: dict[str, Any]) -> dict[str, Any]:
    """The configuration that uses each secret."""
    secret = {name: place.secret(name, word) for name, word in WORDS.items()}
    echo = f"http://127.0.0.1:{servers['echo'].scripted.port}"
    urls = {name: place.secret(f"{name}_url", f"{echo}/services/{WORDS[name]}") for name in ("hook", "slack", "heartbeat")}
    return {
        "probes": [
            {"name": "app", "kind": "gunicorn", "url": place.target_url},
            {"name": "metadata", "kind": "postgres", "password_file": secret["postgres"],
             "dsn": f"host=127.0.0.1 port={servers['postgres'].port} dbname=superset user=healthd sslmode=disable"},
            {"name": "broker", "kind": "redis", "url": f"redis://127.0.0.1:{servers['redis'].port}/0", "password_file": secret["redis"]},
        ],
        "receivers": [
            {"name": "open", "webhook": {"url": servers["hook"].url + "/open"}},
            {"name": "hidden", "webhook": {"url_file": urls["hook"]}},
            {"name": "chat", "slack": {"webhook_url_file": urls["slack"]}},
            {"name": "pager", "pagerduty": {"url": f"{echo}/v2/enqueue", "routing_key_file": secret["routing"]}},
            {"name": "around", "webhook": {"url": f"{echo}/around",
             "proxy": {"url": echo, "username": "healthd", "password_file": secret["proxy"]}}},
        ],
        "heartbeat": {"url_file": urls["heartbeat"], "interval": "1s"},
    }  # fmt: skip


def test_no_secret_is_told_to_anybody(make_place: Callable[..., Place], servers: dict[str, Any]) -> None:
    place = make_place()
    assert place.process
    place.process.terminate()
    place.process.wait(20)
    place.more = everything(place, servers)
    place.web = {"basic_auth_users": {"prometheus": bcrypt(WORDS["user"], 5)}}
    place.say = lambda request: b"HTTP/1.1 500 no\r\nContent-Length: 2\r\n\r\nno"
    place.start()
    inside = login("prometheus", WORDS["user"])

    wait_until(lambda: len(servers["hook"].messages) >= 1, 30, "the open receiver is told")
    wait_until(
        lambda: {"hidden", "chat", "pager", "around"} <= failing(place, inside), 30, "the other receivers have refused"
    )
    place.get("/metrics", fields=login("prometheus", "wrong " + WORDS["user"]))
    for lever in (["status"], ["silence", "list"]):
        told = subprocess.run(
            [str(place.binary), *lever, f"--control.socket={place.folder}/control.sock"], capture_output=True, timeout=15
        )
        assert not found_in(told.stdout + told.stderr), lever

    seen = {path: place.page(path, inside).encode() for path in pages(place, inside)}
    seen["log"] = place.log.read_bytes()
    seen["webhook"] = repr([message.body for message in servers["hook"].messages]).encode()
    checked = subprocess.run([str(place.binary), "check-config", *place.write()], capture_output=True, timeout=20)
    seen["check-config"] = checked.stdout + checked.stderr
    probed = subprocess.run([str(place.binary), "probe", "--explain", place.write()[0]], capture_output=True, timeout=20)
    seen["probe --explain"] = probed.stdout + probed.stderr
    for file in ("cmdline", "environ"):
        seen[file] = Path(f"/proc/{place.process.pid}/{file}").read_bytes()
    place.process.terminate()
    assert place.process.wait(20) == 0
    for file in place.state.iterdir():
        seen[f"state/{file.name}"] = file.read_bytes()
    assert any(name.startswith("state/") and content for name, content in seen.items())
    leaks = {place_seen: found_in(content) for place_seen, content in seen.items() if found_in(content)}
    assert not leaks, leaks
    assert bcrypt(WORDS["user"], 5).encode() not in b"".join(seen.values()), "the hash is shown"


def failing(place: Place, inside: str) -> set[str]:
    """Receivers that have refused a message."""
    names = set()
    for line in place.page("/metrics", inside).splitlines():
        if line.startswith("healthd_notification_failures_total{") and not line.endswith(" 0"):
            names.add(line.partition('receiver="')[2].partition('"')[0])
    return names


def found_in(content: bytes) -> list[str]:
    return [name for name, word in WORDS.items() if word.encode() in content]


def pages(place: Place, inside: str) -> list[str]:
    incidents = [each["id"] for each in json.loads(place.page("/api/v1/incidents", inside))["incidents"]]
    each = [f"/api/v1/incidents/{name}{end}" for name in incidents for end in ("", ".md")]
    return ["/", "/metrics", "/-/healthy", "/api/v1/status", "/api/v1/alerts", "/api/v1/incidents", *each]


def test_the_daemons_memory_goes_into_no_core_and_to_no_neighbour(binary: Path) -> None:
    """Asked as the unit has it: a process of an ordinary user, whose files in /proc become root's."""
    setpriv = shutil.which("setpriv")
    assert setpriv and os.geteuid() == 0, "setpriv and root are needed"
    folder = Path(tempfile.mkdtemp(prefix="healthd-security-"))
    try:
        folder.chmod(0o755)
        copy = folder / "superset-healthd"
        shutil.copy(binary, copy)
        place = Place(copy, folder)
        for path in [folder, place.state, place.log]:
            os.chown(path, 65534, 65534)
        place.start(wrap=(setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"))
        try:
            assert place.process
            proc = Path(f"/proc/{place.process.pid}")
            assert (proc / "environ").stat().st_uid == 0, "the process is dumpable"
            limits = [line.split() for line in (proc / "limits").read_text().splitlines() if line.startswith("Max core")]
            assert limits[0][4:6] == ["0", "0"]
            neighbour = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "cat", str(proc / "environ")]
            assert subprocess.run(neighbour, capture_output=True).returncode != 0
            assert place.page("/metrics").count("\nprocess_open_fds ") == 1, "it still sees itself"
        finally:
            place.close()
    finally:
        shutil.rmtree(folder)
