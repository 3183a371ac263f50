"""A broker of the row's own, with whatever workers and Beats the row starts on it."""

from __future__ import annotations

import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Callable

import redis

from celery_watch import CeleryWatch
from messages import command, task
from redis_room import Room
from row import Bench, Probe
from servers import Running
from servers_of_celery import BeatServer, Worker, WorkerServer
from stack.waiting import wait_until

# Not the workers' two seconds between heartbeats: what keeps in step with the ticks is taken for Beat's connection.
BEAT_EVERY = 3.0
# The probes' tempo: verdicts have debounce times of their own, and a row shall not wait for the probe as well.
TEMPO = {"interval": "1s", "timeout": "900ms", "retry_interval": "500ms"}


class CeleryRoom(Room):
    """`database` and `transport` are those of the application; the probes follow them where the row does not differ."""

    def __init__(
        self,
        bench: Bench,
        *lines: str,
        database: int = 0,
        transport: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.plan = bench.new_plan()
        super().__init__(bench, *lines, plan=self.plan)
        self.database = database
        self.transport = transport or {}
        self.folder = self.plan.room("application")
        shutil.copy(Path(__file__).with_name("application.py"), self.folder)
        self.settings = {
            "broker_url": self.url(database),
            "result_backend": self.url(1),
            "broker_transport_options": self.transport,
            "broker_connection_retry_on_startup": True,
            "broker_connection_max_retries": None,
            "worker_prefetch_multiplier": 1,
            "task_ignore_result": False,
            "beat_schedule": {"tick": {"task": "reports.scheduler", "schedule": BEAT_EVERY}},
            **settings,
        }
        self.workers: list[Worker] = []

    def url(self, database: int) -> str:
        return f"redis://:{self.bench.secret}@127.0.0.1:{self.running.port}/{database}"

    def brief_admin(self) -> redis.Redis:
        """For a thread that looks all the time, also at a broker that is frozen."""
        return redis.Redis(port=self.running.port, password=self.bench.secret, socket_timeout=1)

    # --- who is there ------------------------------------------------------------------------------------------------

    def worker(
        self,
        name: str,
        *arguments: str,
        pool: str = "prefork",
        concurrency: int = 2,
        queues: str = "celery",
        node: str = "",
        mingle: bool = False,
        **settings: Any,
    ) -> Worker:
        """`node`: its name for others, where that is not its own. `mingle`: it asks the others first, for a second."""
        options = ["worker", "-n", f"{node or name}@test", "-P", pool, "-c", str(concurrency), "-Q", queues, "-l", "INFO"]
        options += [*arguments, *(() if mingle else ("--without-mingle",))]
        server = WorkerServer(self.plan, name, self.folder, self.settings | settings, *options)
        worker = self.bench.keep(Worker(server))
        self.workers.append(worker)
        return worker

    def start(self, *starters: Callable[[], Running[Any]]) -> list[Any]:
        """Several at the same time, for each takes seconds."""
        with ThreadPoolExecutor(len(starters)) as pool:
            return [job.result() for job in [pool.submit(starter) for starter in starters]]

    def two_workers(self, **options: Any) -> list[Worker]:
        """One to be harmed, and one to stay well."""
        return self.start(partial(self.worker, "w1", **options), partial(self.worker, "w2", **options))

    def beat(self, name: str = "beat1", **settings: Any) -> Running[BeatServer]:
        arguments = ("beat", "--schedule", "schedule", "--pidfile=", "-l", "INFO", "--max-interval", "1")
        return self.bench.keep(Running(BeatServer(self.plan, name, self.folder, self.settings | settings, *arguments)))

    # --- what they are given to do -----------------------------------------------------------------------------------

    def key(self, queue: str, priority: int = 0) -> str:
        """The list of this priority step."""
        step = f"{self.transport.get('sep', chr(6) + chr(22))}{priority}" if priority else ""
        return f"{self.transport.get('global_keyprefix', '')}{queue}{step}"

    def send(self, name: str, *arguments: Any, queue: str = "celery", priority: int = 0, **headers: Any) -> None:
        message = task(name, *arguments, queue=queue, priority=priority, **headers)
        self.admin(self.database).lpush(self.key(queue, priority), message)

    def tell(self, method: str, *workers: Worker, **arguments: Any) -> None:
        """A command to these workers, such as `cancel_consumer`."""
        assert self.publish(method, *workers, **arguments), "no worker listens"

    def publish(self, method: str, *workers: Worker, **arguments: Any) -> int:
        """As `tell`, whether somebody listens or not; returns how many do."""
        channel = f"/{self.database}.celery.pidbox"
        return int(self.admin().publish(channel, command(method, [worker.node for worker in workers], **arguments)))

    def hold(self, *names: str, queue: str = "celery") -> None:
        """Tasks that last until `release`; returns when all of them run."""
        for name in names:
            self.send("hold", name, queue=queue)
        begun = [self.folder / f"{name}.begun" for name in names]
        wait_until(lambda: all(file.exists() for file in begun), 20, f"the tasks {', '.join(names)} run")

    def release(self, *names: str) -> None:
        for name in names:
            (self.folder / f"{name}.over").touch()

    def waiting(self, queue: str = "celery", priority: int = 0) -> int:
        return int(self.admin(self.database).llen(self.key(queue, priority)))

    def forget_results(self) -> None:
        """Of tasks of the row's own, so that only what the daemon leaves is found at the end."""
        admin = self.admin(1)
        for key in admin.scan_iter("celery-task-meta-*"):
            admin.delete(key)

    # --- the daemon --------------------------------------------------------------------------------------------------

    def probe(self, **options: Any) -> Probe:
        """The broker."""
        url = f"redis://127.0.0.1:{self.running.port}/{self.database}"
        return super().probe(**{"name": "broker", "url": url, "role": "broker", **options})

    def celery_probe(self, **options: Any) -> Probe:
        return {"name": "workers", "kind": "celery", "broker": "broker", "inspect_interval": "2s", **TEMPO, **options}

    def beat_probe(self, **options: Any) -> Probe:
        return {"name": "beat", "kind": "beat", "broker": "broker", "every": f"{BEAT_EVERY:g}s", **TEMPO, **options}

    def watch(self, *probes: Probe, **alerts: dict[str, Any]) -> CeleryWatch:
        """The first probe is the one under test. `alerts`: what the configuration overrides, by the name of the alert."""
        return CeleryWatch(self, list(probes), alerts)

    def watch_workers(self, **options: Any) -> CeleryWatch:
        """The celery probe, with these options, and its broker's."""
        return self.watch(self.celery_probe(**options), self.probe())

    def watch_beat(self, **options: Any) -> CeleryWatch:
        """The beat probe, with these options, its broker's, and the celery probe beside it."""
        return self.watch(self.beat_probe(**options), self.probe(), self.celery_probe())


def gone(worker: Worker) -> None:
    """Waits until a worker that was asked to end has ended."""
    wait_until(lambda: not worker.alive(), 20, f"{worker.node} has ended")


def ask_to_end(worker: Worker) -> None:
    """A warm shutdown: it takes nothing more, and ends with its last task."""
    worker.signal(signal.SIGTERM)
