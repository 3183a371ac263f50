"""The demo: runs the stack with the daemon in front of a person, and breaks and mends it from another terminal."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from stack import processes  # noqa: E402
from stack.healthd import DEMO, Healthd  # noqa: E402
from stack.plan import Plan  # noqa: E402
from stack.receiver import Message, Receiver  # noqa: E402
from stack.server import DidNotStart  # noqa: E402
from stack.stack import Stack, new_folder  # noqa: E402
from stack.state import NotOurs, State  # noqa: E402

BINARY = Path(os.environ.get("HEALTHD_BINARY", ROOT / "build" / "release" / "superset-healthd"))
FRESH = timedelta(days=80)
NEARLY_OVER = timedelta(days=5)

# What a person will see after a break; also the list of what can be broken.
EXPECT = {
    "postgres": "PostgresDown within 15 s",
    "redis": "RedisDown within 15 s; not a word about workers and Beat, which depend on it",
    "worker": "CeleryNoWorkers within 15 s",
    "beat": "CeleryBeatDown after about three minutes, because Beat sends once a minute",
    "gunicorn": "SupersetWebDown within 15 s",
    "nginx": "SupersetEdgeDown within 15 s",
    "cert": "TlsCertificateExpiringSoon within 30 s (the certificate ends in 5 days)",
}

WELCOME = """
  Status page    {healthd}/
  Metrics        {healthd}/metrics
  Runbooks       {healthd}/runbooks/
  Alertmanager   {alertmanager}/
  Superset       {edge}/login/   (CA: {ca})
  Configuration  {config}

  Break something in another terminal, watch this one, and mend it:
    {demo}/break {parts} [--freeze]
    {demo}/mend …

  Below: the daemon's log, and PAGE lines, which are what Alertmanager sends to the person on call.
  Ctrl-C ends the demo and leaves nothing behind.
"""


def state_file() -> Path:
    """One place, so that the other terminal finds the demo. /run is root's own; /tmp belongs to everybody."""
    base = "/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "/tmp")
    return Path(base) / "superset-healthd-demo.json"


class Stopped(BaseException):
    """Somebody asked us to end: Ctrl-C, a closed terminal, or SIGTERM."""


def stop_on_signals() -> None:
    def stop(number: int, _: FrameType | None) -> None:
        raise Stopped(signal.Signals(number).name)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def ignore_signals() -> None:
    """While we clean up: a second Ctrl-C must not leave half of it running."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def say(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError:  # the terminal is gone; cleaning up goes on
        pass


class Pages:
    """What the person on call would get. Messages arrive on other threads; `show` prints them on ours."""

    def __init__(self) -> None:
        self._arrived: SimpleQueue[Message] = SimpleQueue()
        self.take = self._arrived.put

    def count(self) -> int:
        return self._arrived.qsize()

    def show(self, count: int) -> None:
        for _ in range(count):
            for alert in self._arrived.get().body["alerts"]:
                labels, notes = alert["labels"], alert["annotations"]
                if labels["severity"] == "none":
                    continue  # the watchdog, which is no page
                name = f"{labels['alertname']} ({labels['severity']})"
                say(f"PAGE  {alert['status'].upper()} {name}: {notes.get('summary', '')}")
                if alert["status"] == "firing":
                    say(f"      runbook {notes.get('runbook_url', '')}")


class Follower:
    """Prints what a log file gained since the last look, whole lines only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def show(self) -> None:
        with self._path.open("rb") as log:
            log.seek(self._read)
            whole, newline, _ = log.read().rpartition(b"\n")
        if newline:
            self._read += len(whole) + 1
            say(whole.decode(errors="replace"))


def run() -> int:
    state = State(state_file())
    if state.supervised():
        say(f"a demo is running already (pid {state.supervisor().pid}); only one at a time. Ctrl-C in its terminal ends it.")
        return 1
    if state.exists():
        say("cleaning up after a demo that was killed")
        Stack(state.plan(), state).stop()
    if not BINARY.exists():
        say(f"{BINARY} is not built; run ops/demo/run, which builds it")
        return 1
    return watch(Plan.make(new_folder(), beat_every=60, group_wait="2s", group_interval="2s"), state)


def watch(plan: Plan, state: State) -> int:
    """Owns the stack: whatever ends this function, the stack ends with it."""
    stack = Stack(plan, state)
    stop_on_signals()
    try:
        state.create(plan)
        pages = Pages()
        Receiver(plan.ports["receiver"], on_message=pages.take)  # ends with this process
        return show(stack, pages)
    except Stopped as reason:
        say(f"\nstopping ({reason})")
        return 0
    except DidNotStart as error:
        say(f"\n{error}")
        return 1
    finally:
        ignore_signals()
        stack.stop()
        say("stopped: no process and no file is left")


def show(stack: Stack, pages: Pages) -> int:
    """Starts everything and shows what happens until somebody stops us or the daemon ends."""
    began = time.monotonic()
    say(f"starting the stack in {stack.plan.folder}")
    stack.start(progress=lambda text: say(f"  {time.monotonic() - began:4.1f} s  {text}"))
    healthd = Healthd(stack.plan, BINARY, DEMO)
    stack.servers[healthd.name] = healthd
    healthd.prepare()
    who = stack.launch(healthd)
    say(f"  {time.monotonic() - began:4.1f} s  superset-healthd is ready")
    welcome(stack.plan, healthd)
    follower = Follower(healthd.log)
    while processes.alive(who):
        arrived = pages.count()
        follower.show()  # first: the daemon logs an alert before it tells anybody
        pages.show(arrived)
        processes.reap()
        time.sleep(0.2)
    follower.show()
    say(f"superset-healthd ended by itself (exit code {processes.exit_code(who)})")
    return 1


def welcome(plan: Plan, healthd: Healthd) -> None:
    demo = os.path.relpath(ROOT / "ops" / "demo")
    say(
        WELCOME.format(
            healthd=plan.healthd_url, alertmanager=plan.alertmanager_url, edge=plan.edge_url, ca=plan.ca_file,
            config=healthd.config_file, demo=demo, parts="|".join(EXPECT),
        )
    )  # fmt: skip


def running_stack() -> Stack:
    """The demo of another terminal."""
    state = State(state_file())
    if not state.supervised():
        raise SystemExit(f"no demo is running ({state.path}); start one with ops/demo/run")
    return Stack(state.plan(), state)


def break_part(part: str, freeze: bool) -> int:
    stack = running_stack()
    if part == "cert":
        stack.serve_certificate(NEARLY_OVER)
        say("nginx serves a certificate that ends in 5 days")
    else:
        count = len(processes.tree(stack.root(part)))
        if not count:
            say(f"{part} is down already")
            return 1
        (stack.freeze if freeze else stack.kill)(part)
        say(f"{part} is {'frozen' if freeze else 'killed'} ({count} process{'es' if count > 1 else ''})")
    say(f"expect {EXPECT[part]}; then: ops/demo/mend {part}")
    return 0


def mend_part(part: str) -> int:
    stack = running_stack()
    if part == "cert":
        stack.serve_certificate(FRESH)
    else:
        stack.mend(part)
    say(f"{part} is mended; the alert resolves after four good results, within a minute")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="ops/demo", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("run")
    breaking = verbs.add_parser("break", prog="ops/demo/break")
    breaking.add_argument("part", choices=EXPECT)
    breaking.add_argument("--freeze", action="store_true", help="SIGSTOP all its processes instead of killing them")
    mending = verbs.add_parser("mend", prog="ops/demo/mend")
    mending.add_argument("part", choices=EXPECT)
    arguments = parser.parse_args()
    try:
        if arguments.verb == "break":
            return break_part(arguments.part, arguments.freeze)
        return run() if arguments.verb == "run" else mend_part(arguments.part)
    except (NotOurs, DidNotStart) as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
