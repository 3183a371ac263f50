"""Redis as cache and broker: never evicts, asks for a password."""

from __future__ import annotations

import socket

from .server import Server

SETTINGS = """\
bind 127.0.0.1
port {port}
dir {room}
save ""
appendonly no
maxmemory 64mb
maxmemory-policy noeviction
"""


class Redis(Server):
    """One instance for both uses, as in the deployment we watch."""

    name = "redis"
    # Celery before kombu 5.4 reconnects after a restart of its broker, but consumes nothing and answers no ping.
    takes_along = ("worker",)

    def prepare(self) -> None:
        path = self.room / "redis.conf"
        path.touch(mode=0o600)
        text = SETTINGS.format(port=self.plan.ports["redis"], room=self.room)
        if self.plan.redis_password:
            text += f"requirepass {self.plan.redis_password}\n"
        path.write_text(text)

    def command(self) -> list[str]:
        return ["/usr/bin/redis-server", str(self.room / "redis.conf")]

    def ready(self) -> bool:
        """Not refused and not loading; the password keeps a stranger's PING from saying more."""
        with socket.create_connection(("127.0.0.1", self.plan.ports["redis"]), timeout=2) as connection:
            connection.sendall(b"PING\r\n")
            answer = connection.recv(64)
        return answer.startswith((b"+PONG", b"-NOAUTH"))
