"""An interactive zsh in a terminal of its own, in which a line is typed and its completions are listed."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from pathlib import Path
from typing import Callable

from tools import needed

LIST = b"\x18"  # Ctrl-X, bound to list-choices
SETUP = """PS1= PS2=; stty -echo cols 300 rows 500; setopt nobeep; LISTMAX=0
fpath=({folder} $fpath); autoload -U compinit; compinit -u -D; bindkey "^X" list-choices; print -r R""EADY
"""


class Zsh:
    """Without anybody's startup files."""

    def __init__(self, completions: Path) -> None:
        program = needed("zsh")
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            environment = {"PATH": "/usr/bin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
            os.execve(program, ["zsh", "-f", "-i"], environment)
        self.shown = ""
        self._type(SETUP.format(folder=completions).encode())
        self.wait(lambda shown: "\nREADY" in shown, 30)

    def _type(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def wait(self, condition: Callable[[str], bool], seconds: float) -> bool:
        """Reads what is shown until the condition holds of it; False where it does not in time."""
        end = time.monotonic() + seconds
        while not condition(self.shown):
            left = end - time.monotonic()
            if left <= 0:
                return False
            if select.select([self.terminal], [], [], left)[0]:
                self.shown += os.read(self.terminal, 65536).decode(errors="replace")
        return True

    def list_choices(self, line: str, wanted: Callable[[str], bool], seconds: float) -> bool:
        """Whether what is listed for this line becomes `wanted`. The line is then thrown away."""
        self.shown = ""
        self._type(line.encode() + LIST)
        try:
            return self.wait(wanted, seconds)
        finally:
            self._type(b"\x15")  # Ctrl-U

    def close(self) -> None:
        os.close(self.terminal)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
