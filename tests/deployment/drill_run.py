"""Runs one drill, with the commands of the page exactly as they stand there."""

from __future__ import annotations

from stack.waiting import TimedOut, wait_until

from drill_book import Book, as_typed
from drill_case import Case, Sign, seen
from engine_watch import ETC, Watch


class Drill:
    """Each answer is awaited, for a stopped server is not gone at once and a started one not ready at once."""

    def __init__(self, case: Case, watch: Watch) -> None:
        self.case = case
        self.watch = watch
        self.book = Book(case.alert)

    def run(self) -> None:
        case, book = self.case, self.book
        self._await("Confirm, healthy", book.confirm(), case.healthy, not_yet=case.broken)
        case.break_it(self.watch)
        self._await("Confirm, broken", book.confirm(), case.broken, not_yet=case.healthy)
        case.by_hand(self.watch)
        for step in case.steps:
            self._type(book.step(step).replace(*case.edit) if case.edit[0] else book.step(step))
        if case.verified:
            self._await("Verify", book.verify(), case.verified)
        self._await("Confirm, mended", book.confirm(), case.healthy)

    def _type(self, commands: str) -> str:
        """In a shell of its own, as a person who reads the page types it."""
        script = as_typed(commands, self.case.typed)
        environment = f"RUNBOOK_ENV={ETC}/env.sh"
        done = self.watch.room.run(["env", "--chdir=/root", environment, "bash", "-c", script], seconds=180)
        return done.stdout

    def _await(self, what: str, commands: str, signs: tuple[Sign, ...], not_yet: tuple[Sign, ...] = ()) -> None:
        """`not_yet`: an answer that says this as well tells nothing."""
        said = ""

        def told() -> bool:
            nonlocal said
            said = self._type(commands)
            return seen(signs, said) and not (not_yet and seen(not_yet, said))

        try:
            wait_until(told, self.case.seconds, what, step=0.5)
        except TimedOut:
            wanted = f"{signs}{', without ' + str(not_yet) if not_yet else ''}"
            raise TimedOut(f"{self.book.name}: {what}: wanted {wanted}; it said:\n{said}") from None
