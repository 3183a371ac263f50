"""A state file that is spoilt: it is set aside, people are told of faults, and what was forgotten is taken back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Callable

import pytest

from history import FIRING, RESOLVED
from house import House, MakeHouse
from stack.waiting import wait_until


def truncated(share: float) -> Callable[[Path], None]:
    def spoil(file: Path) -> None:
        data = file.read_bytes()
        file.write_bytes(data[: int(len(data) * share) // 512 * 512])

    spoil.__name__ = f"truncated to {share:.0%}"
    return spoil


def smashed(start: float, count: int = 64) -> Callable[[Path], None]:
    def spoil(file: Path) -> None:
        data = bytearray(file.read_bytes())
        at = int(len(data) * start)
        data[at : at + count] = bytes(byte ^ 0xFF for byte in data[at : at + count])
        file.write_bytes(data)

    spoil.__name__ = f"{count} bytes flipped at {start:.0%}"
    return spoil


def garbage(file: Path) -> None:
    file.write_bytes(b"this was never a database\n" * 1000)


def foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE somebody_elses(thing)")
        database.execute("PRAGMA application_id=42")
        database.commit()


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA user_version=99")


SET_ASIDE = [garbage, foreign, newer, truncated(0.3), truncated(0.6), truncated(0.9), smashed(0, 100)]
SPOILT = [*(smashed(share / 10) for share in range(1, 10))]  # perhaps where nobody reads


def with_a_good_file(make_house: MakeHouse, kind: str) -> House:
    """A daemon was killed while a fault was told; all that it wrote is in the main file."""
    house = make_house(receivers={"hook": "webhook", "other": kind})
    house.start()
    house.targets[0].turn(False)
    house.settle()
    house.kill()
    with closing(sqlite3.connect(house.state / "state.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode=WAL")
    return house


@pytest.mark.parametrize("spoil", SET_ASIDE + SPOILT, ids=lambda spoil: spoil.__name__)
def test_a_spoilt_file_keeps_nobody_from_being_told(make_house: MakeHouse, spoil: Callable[[Path], None]) -> None:
    """The fault lasts: it may be told again, since nobody knows of the first time; its end is told in any case."""
    house = with_a_good_file(make_house, "pagerduty")
    spoil(house.state / "state.db")
    house.start()
    house.targets[0].turn(True)
    wait_until(lambda: house.last_told("other", house.targets[0].alert) == RESOLVED, 15, "its end is told", step=0.02)
    if spoil in SET_ASIDE:
        assert list(house.state.glob("state.db.bad-*")), "the bad file is kept for whoever wants to look"
        assert "set aside" in house.log_text()
    house.targets[0].turn(False)
    house.wait_told("other", FIRING)
    house.kill()
    house.start()
    house.targets[0].turn(True)
    house.wait_told("hook", RESOLVED)  # so the new file is a good one


def no_file(file: Path) -> None:
    file.unlink()


def no_bytes(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("lose", [garbage, no_file, no_bytes], ids=lambda lose: lose.__name__)
def test_what_was_forgotten_is_taken_back_where_it_is_held_open(make_house: MakeHouse, lose: Callable[[Path], None]) -> None:
    """The fault ended while the daemon was dead, and the file was lost.

    Of those who hold an alert open until they hear its end; Alertmanager believes us for three minutes only.
    """
    house = with_a_good_file(make_house, "pagerduty")
    house.targets[0].turn(True)
    shutil.rmtree(house.state)
    house.state.mkdir(mode=0o700)
    (house.state / "state.db").touch()
    lose(house.state / "state.db")
    house.start()
    house.wait_told("other", RESOLVED)


@pytest.mark.full
def test_a_file_cut_off_anywhere(make_house: MakeHouse) -> None:
    """At every 512 bytes."""
    house = with_a_good_file(make_house, "webhook")
    good = (house.state / "state.db").read_bytes()
    for size in range(0, len(good), 512):
        shutil.rmtree(house.state)
        house.state.mkdir(mode=0o700)
        (house.state / "state.db").write_bytes(good[:size])
        house.start()
        house.stop()


