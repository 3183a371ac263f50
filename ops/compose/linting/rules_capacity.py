"""Rules about connections and memory: what one part may take has to be there at the other."""

from __future__ import annotations

from typing import Iterator

from .deployment import Deployment
from .findings import Finding, Found

# Of PostgreSQL's connections: three for superusers, the monitor, a dump, migrations, a person with psql, Beat.
RESERVE = 20


def _pool(deployment: Deployment, service: str) -> int:
    environment = deployment.environment(service)
    size = environment.get("DB_POOL_SIZE")
    overflow = environment.get("DB_MAX_OVERFLOW")
    return (size.number() if size else 5) + (overflow.number() if overflow else 10)


def each_thread_has_a_connection(deployment: Deployment) -> Iterator[Finding]:
    threads = deployment.option("superset", "--threads") or Found("1", deployment.place("superset", "command"))
    pool = _pool(deployment, "superset")
    if threads.number() > pool:
        message = f"{threads.text} threads share a pool of {pool} connections (DB_POOL_SIZE + DB_MAX_OVERFLOW)"
        yield Finding(threads.place, message, "raise WEB_MAX_OVERFLOW, or take fewer threads")


def postgres_has_room_for_all(deployment: Deployment) -> Iterator[Finding]:
    limit = next((Found(word.text.removeprefix("max_connections="), word.place)
                  for word in deployment.items("postgres", "command") if word.text.startswith("max_connections=")),
                 Found("100", deployment.place("postgres")))  # fmt: skip
    workers = deployment.option("superset", "--workers") or Found("1", deployment.place("superset"))
    concurrency = deployment.option("worker", "--concurrency") or Found("1", deployment.place("worker"))
    replicas = deployment.get("worker", "deploy", "replicas") or deployment.get("worker", "scale")
    web = workers.number() * _pool(deployment, "superset")
    tasks = concurrency.number() * _pool(deployment, "worker") * (replicas.number() if replicas else 1)
    if web + tasks + RESERVE > limit.number():
        message = f"max_connections ({limit.text}) is less than {web} (web), {tasks} (worker) and {RESERVE} others"
        fix = f"set POSTGRES_MAX_CONNECTIONS to {web + tasks + RESERVE}, or shrink the pools"
        yield Finding(limit.place, message, fix)


def every_service_has_a_memory_limit(deployment: Deployment) -> Iterator[Finding]:
    for service in deployment.services:
        places = (("mem_limit",), ("deploy", "resources", "limits", "memory"))
        if not any(deployment.get(service, *keys) for keys in places):
            message = f"{service} has no memory limit"
            yield Finding(deployment.place(service), message, "set mem_limit, or it takes the memory of all others")


def _redis_fits(deployment: Deployment, service: str, settings: dict[str, Found]) -> Iterator[Finding]:
    most = settings.get("maxmemory")
    limit = deployment.get(service, "mem_limit")
    if most is None or most.bytes() == 0:
        place = most.place if most else next(iter(settings.values())).place
        yield Finding(place, f"{service} has no maxmemory", "set one below the container's memory")
    elif limit and most.bytes() * 5 > limit.bytes() * 4:
        message = f"maxmemory ({most.text}) leaves {service} less than a fifth of its memory ({limit.text})"
        fix = "lower maxmemory or raise the limit: copies while it saves, and clients' buffers, come on top"
        yield Finding(most.place, message, fix)


def redis_fits_its_container(deployment: Deployment) -> Iterator[Finding]:
    yield from _redis_fits(deployment, "redis-broker", deployment.broker)
    yield from _redis_fits(deployment, "redis-cache", deployment.cache)


def the_broker_drops_nothing(deployment: Deployment) -> Iterator[Finding]:
    first = next(iter(deployment.broker.values()))
    policy = deployment.broker.get("maxmemory-policy") or Found("noeviction", first.place)
    if policy.text != "noeviction":
        message = f"the broker throws tasks away when it is full ({policy.text})"
        yield Finding(policy.place, message, "write maxmemory-policy noeviction")
    kept = deployment.broker.get("appendonly") or Found("no", first.place)
    if kept.text != "yes":
        yield Finding(kept.place, "the broker forgets all tasks when it restarts", "write appendonly yes")


def the_cache_makes_room(deployment: Deployment) -> Iterator[Finding]:
    first = next(iter(deployment.cache.values()))
    policy = deployment.cache.get("maxmemory-policy") or Found("noeviction", first.place)
    if not policy.text.startswith("allkeys-"):
        message = f"a full cache refuses to store or drops little ({policy.text})"
        yield Finding(policy.place, message, "write maxmemory-policy allkeys-lru")


def _queues_of_other_workers(deployment: Deployment) -> set[str]:
    """Of workers that a site has added as services of their own."""
    queues: set[str] = set()
    for service in deployment.services:
        words = [item.text for item in deployment.items(service, "command")]
        found = deployment.option(service, "--queues")
        if service != "worker" and "worker" in words and found:
            queues |= set(found.text.split(","))
    return queues


def every_queue_is_consumed(deployment: Deployment) -> Iterator[Finding]:
    taken = deployment.option("worker", "--queues") or Found("celery", deployment.place("worker", "command"))
    routes = deployment.superset.at("CELERY_CONFIG", "task_routes") or {}
    used = {"celery"} | {route["queue"] for route in routes.values()}
    others = _queues_of_other_workers(deployment)
    missing = sorted(used - set(taken.text.split(",")) - others)
    if missing:
        yield Finding(taken.place, f"no worker takes from: {', '.join(missing)}", "add them to CELERY_QUEUES")


RULES = (
    each_thread_has_a_connection,
    postgres_has_room_for_all,
    every_service_has_a_memory_limit,
    redis_fits_its_container,
    the_broker_drops_nothing,
    the_cache_makes_room,
    every_queue_is_consumed,
)
