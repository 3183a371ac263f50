"""A Celery worker and Beat, which sends the task that Superset's Beat sends."""

from __future__ import annotations

from pathlib import Path

from .server import Server


class _Celery(Server):
    """What both have in common: Debian's Celery and an application of a dozen lines."""

    after = ("redis",)
    arguments: tuple[str, ...] = ()
    ready_line = ""

    def prepare(self) -> None:
        source = Path(__file__).with_name("tasks.py")
        (self.room / "tasks.py").write_text(source.read_text())

    def command(self) -> list[str]:
        return ["/usr/bin/python3", "-m", "celery", "-A", "tasks", *self.arguments]

    def environment(self) -> dict[str, str]:
        return {
            "BROKER_URL": self.plan.broker_url,
            "BEAT_EVERY": str(self.plan.beat_every),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.room),
        }

    def ready(self) -> bool:
        return self.ready_line in self.log_since_start()


class Worker(_Celery):
    """Two pool processes on the queue `celery`."""

    name = "worker"
    arguments = (
        "worker", "--concurrency", "2", "--queues", "celery", "--loglevel", "INFO", "--hostname", "worker@%h",
        "--without-mingle",  # it asks other workers for a second before it starts, and there are none
    )  # fmt: skip
    ready_line = " ready."


class Beat(_Celery):
    """The only Beat of the stack."""

    name = "beat"
    arguments = ("beat", "--schedule", "schedule", "--pidfile=", "--loglevel", "INFO", "--max-interval", "1")
    ready_line = "beat: Starting..."
