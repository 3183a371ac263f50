"""Work in the network of another process, such as the first one in namespaces of a test's own."""

from __future__ import annotations

import ctypes
import threading
from typing import Callable, TypeVar

Value = TypeVar("Value")
CLONE_NEWNET = 0x40000000


def in_network_of(pid: int, call: Callable[[], Value]) -> Value:
    """The result of `call`, made in a thread that is in there: its sockets, and those of threads that it starts, stay there."""
    answer: list[Value] = []
    error: list[BaseException] = []

    def work() -> None:
        try:
            with open(f"/proc/{pid}/ns/net") as network:
                if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            answer.append(call())
        except BaseException as problem:
            error.append(problem)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if error:
        raise error[0]
    return answer[0]
