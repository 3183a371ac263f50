"""A Redis of a row's own, with whatever lines in its configuration the fault needs."""

from __future__ import annotations

import redis

from row import Bench, Probe
from servers import Redis, Running
from stack.plan import Plan


def redis_with(*lines: str, flags: tuple[str, ...] = ()) -> type[Redis]:
    """A kind of server with more lines in its configuration, and options that are given from the second start on."""

    class Private(Redis):
        starts = 0

        def prepare(self) -> None:
            super().prepare()
            with (self.room / "redis.conf").open("a") as file:
                file.write("".join(f"{line}\n" for line in lines))

        def command(self) -> list[str]:
            self.starts += 1
            return [*super().command(), *(flags if self.starts > 1 else ())]

    return Private


class Room:
    """A Redis of the row's own, with an administrator's connection to it."""

    def __init__(self, bench: Bench, *lines: str, plan: Plan | None = None, **options: tuple[str, ...]) -> None:
        self.bench = bench
        self.running: Running[Redis] = bench.start(redis_with(*lines, **options), plan=plan)

    def probe(self, **options: object) -> Probe:
        return self.bench.redis_probe(self.running.port, **options)

    def admin(self, database: int = 0) -> redis.Redis:
        """Waits for no answer for long."""
        return redis.Redis(port=self.running.port, db=database, password=self.bench.secret, socket_timeout=5)
