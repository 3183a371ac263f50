"""What the daemon must not leave on the broker, looked at when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from celery_room import CeleryRoom


def check(room: CeleryRoom) -> None:
    """No reply queue and no binding of one, no canary and no result of one, in no database."""
    for name in room.admin().info("keyspace"):
        admin = room.admin(int(name.removeprefix("db")))
        keys = [key.decode() for key in admin.scan_iter(count=1000)]
        # Tasks of rows ask for no result, so a result is a canary's.
        ours = [key for key in keys if "reply.celery.pidbox" in key or "healthd" in key or "celery-task-meta-" in key]
        assert not ours, f"left in {name}: {[(key, admin.ttl(key), admin.type(key)) for key in ours]}"
        for key in (key for key in keys if admin.type(key) == b"list"):
            canaries = [text for text in admin.lrange(key, 0, -1) if b"celery.accumulate" in text]
            assert not canaries, f"left in {key} of {name}: {canaries[0][:200]!r}"
