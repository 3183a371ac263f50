"""How many commands Redis gets from a client that is watched, told apart from those of the stack's own servers."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

import redis
from stack import processes
from stack.connections import local_ports
from stack.plan import Plan
from stack.processes import Process

# What MONITOR showed is read when the count is over; then it is there.
PATIENCE = 10
# A line of MONITOR: time, database, client, command. (redis-py's own reading of it stumbles over "] " in an argument.)
_SHOWN = re.compile(r'[\d.]+ \[\d+ ([^\]]*)\] "([^"]*)"')


@dataclass
class Count:
    """Filled in when the count is over."""

    commands: int = 0


class Traffic:
    """`servers` are all that use Redis and are not to be counted; all else is taken for the client's.

    MONITOR tells who sent a command, but leaves out some (CLIENT LIST and others for administrators), which the total
    of INFO includes. So the client's commands are the total, less what MONITOR showed of the servers.
    """

    def __init__(self, plan: Plan, servers: list[Process]) -> None:
        self._port = plan.ports["redis"]
        self._password = plan.redis_password
        self._servers = servers

    @contextmanager
    def counted(self) -> Iterator[Count]:
        """Counts what happens inside of the block. A server's connection must be there at its begin or at its end."""
        count = Count()
        with (
            redis.Redis(
                port=self._port, password=self._password, socket_timeout=PATIENCE, single_connection_client=True
            ) as control,
            control.monitor() as shown,
        ):
            ports, begin = self._server_ports(), _processed(control)
            yield count
            end = _processed(control)
            ports |= self._server_ports()
            # The first INFO is in the total itself.
            count.commands = end - begin - 1 - _sent_by(ports, shown, control.client_info()["addr"])

    def _server_ports(self) -> set[str]:
        pids = [who.pid for server in self._servers for who in processes.tree(server)]
        return {str(port) for pid in pids for port in local_ports(pid, self._port)}


def _processed(control: redis.Redis) -> int:
    return control.info("stats")["total_commands_processed"]


def _sent_by(ports: set[str], shown: redis.client.Monitor, control: str) -> int:
    """Between the two INFO of the client `control`."""
    marks = sent = 0
    while marks < 2:
        line = shown.connection.read_response()
        command = _SHOWN.match(line.decode() if isinstance(line, bytes) else line)
        assert command, line
        sender, name = command.groups()
        marks += sender == control and name == "INFO"
        sent += marks == 1 and sender.rpartition(":")[2] in ports
    return sent
