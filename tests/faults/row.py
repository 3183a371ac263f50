"""A row: the daemon watches a target that is going to fail, beside targets that stay well.

What must hold in every row, whatever the fault, is checked when the `with` block ends; see invariants.py.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterable, TypeVar

import invariants
from daemon import Daemon, Metrics, Run, Watcher
from gate import Gate
from netns import Names, Network
from scripted import Script, Scripted
from servers import House, Plain, Postgres, Redis, Running
from stack.plan import Plan
from stack.ports import free_ports
from stack.waiting import TimedOut, wait_until

# Quick, and yet long enough for a busy machine with two processors.
DEFAULTS = {"interval": "500ms", "timeout": "400ms", "retry_interval": "100ms"}
PATIENCE = 12.0
MOST_CONNECTIONS = 2  # of one probe to its target, by the contract
Probe = dict[str, Any]
Server = TypeVar("Server", bound=Running[Any])


class Bench:
    """What a row is made of. Everything it hands out is closed after the test."""

    def __init__(self, binary: Path, folder: Path, secret: str, house: House, network: Network | None = None) -> None:
        self.binary = binary
        self.folder = folder
        self.secret = secret
        self.house = house
        self._network = network
        self._held = ExitStack()
        self.secret_file = folder / "secret"
        self.secret_file.touch(mode=0o600)
        self.secret_file.write_text(f"{secret}\n")
        self.names: Names | None = None

    def close(self) -> None:
        self._held.close()

    @property
    def network(self) -> Network:
        """The rules of the network that the row runs in; for rows with `island` only."""
        assert self._network, "this row runs on the machine's own loopback: ask for `island` instead of `bench`"
        return self._network

    # --- targets -------------------------------------------------------------------------------------------------

    def gate(self, port: int) -> Gate:
        """In front of a server on this port."""
        return self._held.enter_context(Gate(port))

    def scripted(self, script: Script, **options: Any) -> Scripted:
        return self._held.enter_context(Scripted(script, **options))

    def start(self, kind: type, **options: Any) -> Running[Any]:
        """A server of the row's own, to be frozen or killed."""
        return self.house.start(kind, until=self._held, **options)

    def keep(self, running: Server) -> Server:
        """One that the row started by itself is stopped with the row, too."""
        self._held.callback(running.stop)
        return running

    def new_plan(self, **options: Any) -> Plan:
        """A folder, ports and passwords for `start`."""
        return self.house.new_plan(until=self._held, **options)

    @property
    def web(self) -> int:
        """The port of an nginx that says OK; like the next two shared by all rows, so do it no harm."""
        return self.house.shared(Plain).port

    @property
    def redis(self) -> int:
        """The port of a Redis whose password is the secret."""
        return self.house.shared(Redis).port

    @property
    def postgres(self) -> int:
        """The port of a PostgreSQL whose roles have the secret as their password."""
        return self.house.shared(Postgres).port

    # --- probes --------------------------------------------------------------------------------------------------

    def http_probe(self, port: int, **options: Any) -> Probe:
        return {"kind": "gunicorn", "url": f"http://127.0.0.1:{port}/health", **options}

    def redis_probe(self, port: int, **options: Any) -> Probe:
        return {"kind": "redis", "url": f"redis://127.0.0.1:{port}/0", "password_file": str(self.secret_file), **options}

    def postgres_probe(self, port: int, host: str = "127.0.0.1", dsn: str = "", **options: Any) -> Probe:
        """`dsn`: more of it, such as `sslmode=disable`."""
        dsn = f"host={host} port={port} dbname=superset user=healthd {dsn}".strip()
        return {"kind": "postgres", "dsn": dsn, "password_file": str(self.secret_file), **options}

    def watch(self, *probes: Probe) -> Watch:
        """Starts the daemon with these probes and two that stay well. The first is the one under test, `target` by name."""
        return Watch(self, [{"name": "target" if i == 0 else f"side{i}"} | probe for i, probe in enumerate(probes)])


class Watch:
    """One run of the daemon, from the `with` that starts it to its end."""

    def __init__(self, bench: Bench, probes: list[Probe]) -> None:
        self._bench = bench
        self._probes = probes
        self.controls = ["control_http", "control_redis"]
        self.target = probes[0]["name"]
        self.baseline: invariants.Baseline | None = None

    def __enter__(self) -> Watch:
        bench = self._bench
        port = free_ports(["healthd"])["healthd"]
        file = bench.folder / "config.yaml"
        self.write_configuration(file, port)
        command = [str(bench.binary), "run", f"--config.file={file}", f"--storage.path={bench.folder}"]
        self.daemon = Daemon(bench.names.wrap(command) if bench.names else command, port, bench.folder)
        try:
            self.daemon.wait_ready()
        except BaseException:
            self.daemon.kill()
            raise
        self.watcher = Watcher(self.daemon, bench.secret)
        return self

    def write_configuration(self, file: Path, port: int) -> None:
        file.write_text(json.dumps(self._configuration(port), indent=1))  # YAML as well

    def _configuration(self, port: int) -> dict[str, Any]:
        bench = self._bench
        controls = [bench.http_probe(bench.web, name="control_http"), bench.redis_probe(bench.redis, name="control_redis")]
        return {
            "stack": "faults",
            "web": {"listen_address": f"127.0.0.1:{port}", "external_url": f"http://127.0.0.1:{port}"},
            "defaults": DEFAULTS,
            "probes": [*self._probes, *controls],
        }

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                assert self.baseline, "a row says healthy() or begun() first"
                invariants.check(self, self._bench.secret)
        except BaseException:
            kind = AssertionError
            raise
        finally:
            self.watcher.stop()
            self.daemon.kill()
            if kind is not None:
                self._explain()

    def _explain(self) -> None:
        """pytest shows this with the failure."""
        runs = self.runs()
        print(f"--- the last runs of {self.target}:", *runs[-12:], sep="\n  ")
        if runs:
            print(f"--- the last one in full:\n{json.dumps(runs[-1].json, indent=1)}")
        for name in {run.probe for run in self.watcher.all_runs() if run.status != "up"} - {self.target}:
            print(f"--- the last runs of {name}:", *self.runs(name)[-6:], sep="\n  ")
        print("--- the end of the daemon's log:", *self.daemon.log_text().splitlines()[-25:], sep="\n  ")

    # --- what a row says -----------------------------------------------------------------------------------------

    def healthy(self) -> None:
        """Every probe is up. Say it before the fault."""
        names = [probe["name"] for probe in self._probes] + self.controls
        self._wait(lambda: all(self._last(name) == "up" for name in names), PATIENCE, f"all of {names} are up")
        self.baseline = invariants.Baseline.take(self)

    def begun(self) -> None:
        """Every probe has a result, and the controls are up. Say it where the fault is there from the start."""
        names = [probe["name"] for probe in self._probes]
        self._wait(lambda: all(self.runs(name) for name in names), PATIENCE, "every probe has run")
        self._wait(lambda: all(self._last(name) == "up" for name in self.controls), PATIENCE, "the controls are up")
        self.baseline = invariants.Baseline.take(self, to_come=MOST_CONNECTIONS * len(names))

    def expect(
        self,
        status: str,
        reason: str | Iterable[str] = "none",
        phase: str | None = None,
        check: str | None = None,
        runs: int = 3,
        within: float = PATIENCE,
        probe: str | Iterable[str] | None = None,
    ) -> list[Run]:
        """Waits until so many runs in a row say this, and returns them.

        `phase`: where the deadline was met, by the metric. `check`: the verdict of this check instead of the probe's.
        Several reasons: any of them. Several probes: each of them.
        """
        names = self._names(probe)
        reasons = {reason} if isinstance(reason, str) else set(reason)
        seen = {name: len(self.runs(name)) for name in names}

        def says(run: Run) -> bool:
            found = run.check(check) if check else (run.status, run.reason)
            return found[0] == status and found[1] in reasons

        def settled(name: str) -> list[Run]:
            last = self.runs(name)[seen[name] :][-runs:]
            return last if len(last) == runs and all(says(run) for run in last) else []

        all_found: list[Run] = []
        end = time.monotonic() + within
        for name in names:
            what = f"{name}{f' ({check})' if check else ''} {runs} times {status} because of {' or '.join(sorted(reasons))}"
            found = self._wait(partial(settled, name), max(end - time.monotonic(), 0), what, name)
            known = self.runs(name)
            invariants.check_counted(self.daemon.metrics(), known, found, phase)
            all_found += found
        return all_found

    def recovers(self, within: float = PATIENCE, probe: str | Iterable[str] | None = None) -> None:
        """Say it after the fault was taken back."""
        self.expect("up", runs=2, within=within, probe=probe)

    def stays(
        self, status: str = "up", runs: int = 4, within: float = PATIENCE, probe: str | Iterable[str] | None = None
    ) -> list[Run]:
        """The next so many runs all say this."""
        found = self.await_runs(runs, probe, within)
        assert {run.status for run in found} == {status}, "\n".join(map(str, found))
        return found

    def await_runs(self, runs: int, probe: str | Iterable[str] | None = None, within: float = PATIENCE) -> list[Run]:
        """The next so many runs of each of these probes, or a few more, whatever they say."""
        names = self._names(probe)
        seen = {name: len(self.runs(name)) for name in names}

        def further(name: str) -> list[Run]:
            return self.runs(name)[seen[name] :]

        for name in names:
            self._wait(lambda: len(further(name)) >= runs, within, f"{runs} further runs of {name}", name)
        return [run for name in names for run in further(name)]

    # --- what it looks at ----------------------------------------------------------------------------------------

    def runs(self, probe: str | None = None) -> list[Run]:
        """All runs seen so far."""
        return self.watcher.runs(probe or self.target)

    def metrics(self) -> Metrics:
        return self.daemon.metrics()

    def _last(self, probe: str) -> str:
        runs = self.runs(probe)
        return runs[-1].status if runs else "not yet"

    def _names(self, probe: str | Iterable[str] | None) -> list[str]:
        if probe is None:
            return [self.target]
        return [probe] if isinstance(probe, str) else list(probe)

    def _wait(self, condition: Callable[[], Any], seconds: float, what: str, probe: str | None = None) -> Any:
        def alive_and_true() -> Any:
            code = self.daemon.process.poll()
            if code is not None:
                raise AssertionError(f"the daemon ended with {code}")
            return condition()

        try:
            return wait_until(alive_and_true, seconds, what, step=0.02)
        except TimedOut:
            last = "; ".join(f"{run.status} {run.reason} ({run.detail})" for run in self.runs(probe)[-3:])
            raise TimedOut(f"not in time: {what}; the last runs: {last}") from None
