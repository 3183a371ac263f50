"""Broker outages, and who comes back from them: by what a worker really does, not by what anybody says of it."""

from __future__ import annotations

from celery_room import CeleryRoom
from servers_of_celery import Worker
from stack.waiting import TimedOut, wait_until
from versions import comes_back_from_a_restart

CONNECTED = "Connected to"
IN_VAIN = "Trying again in"


def count(worker: Worker, words: str) -> int:
    return worker.log().count(words)


class Outage:
    """From `begin` until `end`, the broker is not there."""

    def __init__(self, room: CeleryRoom) -> None:
        self._room = room
        self._connected = {worker.node: count(worker, CONNECTED) for worker in room.workers}
        self._in_vain = {worker.node: count(worker, IN_VAIN) for worker in room.workers}

    def begin(self) -> None:
        self._room.running.kill()

    def missed(self, worker: Worker) -> int:
        """How often it has tried in vain to come back. Now and then one of 5.2 says nothing of the outage at all."""
        return count(worker, IN_VAIN) - self._in_vain[worker.node]

    def wait_until_missed(self, times: int = 2) -> None:
        """By all workers but one, so often."""
        workers = self._room.workers

        def by_most() -> bool:
            return sum(self.missed(worker) >= times for worker in workers) >= len(workers) - 1

        wait_until(by_most, 30, f"the workers have tried {times} times to reconnect")

    def end(self) -> None:
        """Returns when every worker that missed the broker says that it is connected again, be it true or not."""
        missed = [worker for worker in self._room.workers if self.missed(worker)]
        self._room.running.start()

        def connected() -> bool:
            return all(count(worker, CONNECTED) > self._connected[worker.node] for worker in missed)

        wait_until(connected, 60, "every worker is connected again", step=0.2)


def consume_nothing(room: CeleryRoom) -> list[Worker]:
    """Those who leave a message in the queue that is theirs alone, which has the name of their server."""
    for worker in room.workers:
        room.send("quick", queue=worker.server.name)
    waiting = {worker.node: worker for worker in room.workers}

    def all_consumed() -> bool:
        for worker in list(waiting.values()):
            if room.waiting(worker.server.name) == 0:
                del waiting[worker.node]
        return not waiting

    try:
        wait_until(all_consumed, 12, "all messages are consumed", step=0.2)
    except TimedOut:
        pass
    return list(waiting.values())


def restart(room: CeleryRoom, workers: list[Worker]) -> None:
    """The only cure for a worker that consumes nothing."""
    for worker in workers:
        worker.kill()
    if workers:
        room.start(*(worker.start for worker in workers))


def mend(room: CeleryRoom) -> None:
    """Starts who has ended, and restarts who consumes nothing; later versions leave nobody behind in that state."""
    restart(room, [worker for worker in room.workers if not worker.alive()])
    lost = consume_nothing(room)
    assert not (lost and comes_back_from_a_restart()), f"{[worker.node for worker in lost]} consume nothing"
    restart(room, lost)
