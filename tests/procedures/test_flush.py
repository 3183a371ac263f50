"""The page on flushing the cache, followed as it is written, with two real Redis: the broker is never touched."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest
import redis
from shell import PROCEDURES, Shell, Stack, fence_with, follow
from stack import processes
from stack.plan import Plan
from stack.redis_server import Redis

PAGE = PROCEDURES / "redis-flush.md"


class Two:
    """A broker with work in it, and a cache with charts in it."""

    def __init__(self, broker: int, cache: int) -> None:
        self.ports = {"REDIS_BROKER_PORT": str(broker), "REDIS_CACHE_PORT": str(cache)}
        self.broker = [redis.Redis(port=broker, db=number) for number in range(3)]
        self.cache = [redis.Redis(port=cache, db=number) for number in range(3)]
        self.broker[0].lpush("celery", "a task")
        self.broker[0].hset("unacked", "tag", "a report that waits for its time")
        self.broker[0].sadd("_kombu.binding.celery", "celery")
        self.broker[2].set("session:1", "a user")
        self.cache[0].set("superset_data_1", "a chart")
        self.cache[1].set("superset_filter_1", "a filter")
        self.cache[0].config_set("maxmemory-policy", "allkeys-lru")

    def broker_is_whole(self) -> bool:
        return [self.broker[number].dbsize() for number in (0, 2)] == [3, 1]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    running = []
    try:
        for name in ("broker", "cache"):
            folder = tmp_path / name
            folder.mkdir()
            server = Redis(Plan.make(folder, redis_password=""))
            server.prepare()
            running.append((server, server.start()))
            server.wait_ready(running[-1][1])
        yield Two(*(server.plan.ports["redis"] for server, _ in running))
    finally:
        for server, who in running:
            processes.stop_tree(who, server.stop_signal)


@pytest.fixture
def shell(stack: Stack, two: Two) -> Iterator[Shell]:
    stack.program("superset-healthd", "exit 0\n")
    opened = Shell(stack, **two.ports)
    yield opened
    opened.close()


def test_one_database_of_the_cache_is_emptied_and_nothing_else(shell: Shell, two: Two) -> None:
    said = follow(shell, PAGE, upto="Go back")
    assert "allkeys-lru" in said and "db0:keys=1" in said
    assert [two.cache[number].dbsize() for number in (0, 1)] == [0, 1]
    assert two.broker_is_whole()


def test_with_one_redis_for_both_the_flush_does_nothing(shell: Shell, stack: Stack, two: Two) -> None:
    stack.env.write_text(stack.env.read_text() + "CACHE=redis-broker\n")
    shell.run(fence_with(PAGE, "TARGET_DB=$CACHE_DB"))
    assert shell.run(fence_with(PAGE, "flushdb")).code != 0
    assert two.broker_is_whole() and two.cache[0].dbsize() == 1


def test_a_queue_in_the_cache_is_seen_before_the_flush(shell: Shell, two: Two) -> None:
    shell.run(fence_with(PAGE, "TARGET_DB=$CACHE_DB"))
    assert shell.run(fence_with(PAGE, "exists")).out.split() == ["0", "0", "0"]
    two.cache[0].sadd("_kombu.binding.celery", "celery")
    assert shell.run(fence_with(PAGE, "exists")).out.split() == ["0", "0", "1"]
