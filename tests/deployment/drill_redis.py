"""Drills of the pages about Redis."""

from __future__ import annotations

import re

from drill_case import Case, number, void
from engine_watch import Watch

PONG = r"(?m)^\s+pong$"
RUNNING = r"redis-broker .*\bUp\b.*\(healthy\)"


def stop(watch: Watch) -> None:
    watch.deployment.compose("stop", "redis-broker")


def pause(watch: Watch) -> None:
    watch.deployment.compose("pause", "redis-broker")


def used(watch: Watch) -> int:
    return number("used_memory:", watch.deployment.redis("info", "memory"))


def limit_memory(watch: Watch, share: float) -> None:
    """`share` of the limit is what it uses now."""
    watch.deployment.redis("config", "set", "maxmemory", str(int(used(watch) / share)))


def share_used(said: str) -> float:
    return number("used_memory:", said) / max(1, number("maxmemory:", said))


def has_room(said: str) -> bool:
    """Of the sizes for people: used below the limit."""
    sizes = dict(re.findall(r"(\w+memory)_human:([\d.]+[BKMG])", said))
    used_now, limit = (float(sizes[name][:-1]) * 1024 ** "BKMG".index(sizes[name][-1]) for name in ("used_memory", "maxmemory"))
    return used_now < limit


def no_limit(watch: Watch) -> None:
    for name, value in (("maxmemory", "512mb"), ("maxmemory-policy", "noeviction"), ("maxclients", "2000")):
        watch.deployment.redis("config", "set", name, value)
    watch.deployment.redis("config", "resetstat")


def fill(watch: Watch, keys: int) -> None:
    """A database of nobody, with 20 kB under each key."""
    script = f"for i = 1, {keys} do redis.call('set', 'drill:' .. i, string.rep('x', 20000), 'ex', 300) end"
    watch.deployment.redis("-n", "9", "eval", script, "0")


def evict(watch: Watch) -> None:
    """Fills a database of nobody until keys go, with a policy that spares those without a lifetime: Celery's."""
    redis = watch.deployment.redis
    redis("config", "set", "maxmemory-policy", "volatile-ttl")
    limit_memory(watch, 0.9)
    fill(watch, 40)
    assert number("evicted_keys:", redis("info", "stats")) > 0


def refuse_writes(watch: Watch) -> None:
    """Filled as a real one is: half as much again must be room for workers that connect."""
    fill(watch, 400)
    limit_memory(watch, 1.1)
    watch.deployment.redis("-n", "9", "set", "drill", "x")


def empty(watch: Watch) -> None:
    no_limit(watch)
    watch.deployment.redis("-n", "9", "flushdb")


def few_clients(watch: Watch) -> None:
    """As many as there are now, this redis-cli included: one slot is free at times."""
    redis = watch.deployment.redis
    redis("config", "set", "maxclients", str(number("connected_clients:", redis("info", "clients"))))


def data_folder(watch: Watch, mode: str) -> None:
    watch.room.do(["chmod", mode, f"{watch.room.folder}/docker/volumes/superset_redis_broker_data/_data"])


def fail_to_save(watch: Watch) -> None:
    data_folder(watch, "555")
    watch.deployment.redis("bgsave")


def writable(watch: Watch) -> None:
    data_folder(watch, "755")


def drop_worker_if_deaf(watch: Watch) -> None:
    """What RedisDown says under Verify: a worker with an old kombu may come back without its ears."""
    said = watch.deployment.run("exec", "-T", "worker", "celery", "-A", "superset.tasks.celery_app:app", "inspect", "-t", "5", "ping")
    if not re.search(PONG, said):
        watch.deployment.compose("restart", "--timeout", "5", "worker")


CASES = (
    Case("RedisDown", "stopped", stop, default=True, steps=(6,), afterwards=drop_worker_if_deaf,
         broken=(r"redis-broker .*Exited", r'service "redis-broker" is not running'), healthy=(RUNNING, r"^PONG$", r"^loading:0")),
    Case("RedisDown", "paused", pause, steps=(2,), verified=(PONG,),
         broken=(r"redis-broker .*\(Paused\)",), healthy=(RUNNING, r"^PONG$", r"^loading:0")),
    Case("RedisMemoryHigh", "full", lambda watch: limit_memory(watch, 0.97), default=True, steps=(1,), afterwards=no_limit,
         broken=(lambda said: share_used(said) > 0.9,), healthy=(lambda said: 0 < share_used(said) <= 0.9,)),
    Case("RedisWritesRejected", "oom", refuse_writes, steps=(1, 5), afterwards=empty, verified=(r"^OK$", PONG), seconds=180,
         broken=(r"errorstat_OOM:count=\d", r"role:master"),
         healthy=(r"rdb_last_bgsave_status:ok", r"aof_last_write_status:ok", r"role:master", has_room)),
    Case("RedisBrokerEvictionPolicyUnsafe", "lru",
         lambda watch: void(watch.deployment.redis("config", "set", "maxmemory-policy", "allkeys-lru")), steps=(1,),
         broken=(r"maxmemory_policy:allkeys-lru",), healthy=(r"maxmemory_policy:noeviction", r"evicted_keys:0")),
    Case("RedisBrokerEvictedKeys", "full", evict, steps=(1, 3), afterwards=no_limit,
         broken=(r"^evicted_keys:[1-9]", r"^volatile-ttl"), healthy=(r"^noeviction",)),
    Case("RedisConnectionsRejected", "few", few_clients, steps=(3,), afterwards=no_limit,
         broken=(lambda said: "max number of clients" in said or number("rejected_connections:", said) > 0,),
         healthy=(lambda said: 0 < 1.2 * number("connected_clients:", said) < number("maxclients:", said),)),
    Case("RedisPersistenceFailing", "read-only", fail_to_save, by_hand=writable, steps=(2,),
         broken=(r"rdb_last_bgsave_status:err",), healthy=(r"rdb_last_bgsave_status:ok", r"aof_last_write_status:ok")),
)  # fmt: skip
