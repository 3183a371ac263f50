"""A disk that is full or fails: the daemon runs, tells people of faults, and says that it keeps nothing."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from history import FIRING
from house import House, MakeHouse
from stack.waiting import wait_until

NOT_KEPT = "HealthdStateNotKept"
HASTY = {"overrides": {NOT_KEPT: {"for": "1s"}}}
SELF = 40.0  # the daemon looks at itself every 15 s
TRIED_AGAIN = 110.0  # a disk that refused is tried again every minute, when there is something to write


def in_a_mount(options: str, house: House) -> list[str]:
    """The state folder is a file system of its own that nobody else sees, but through /proc/PID/root."""
    mount = f'mount -t tmpfs -o "{options}" tmpfs "{house.state}" && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh"]


def inside(house: House) -> Path:
    assert house.process
    return Path(f"/proc/{house.process.pid}/root{house.state}")


def pages(house: House) -> None:
    """A fault and its end are told, exactly once each."""
    house.targets[0].turn(False)
    house.settle()
    house.targets[0].turn(True)
    house.settle()
    house.verify()


def says_so(house: House) -> str:
    """That the state is not kept, as an alert to people. Returns what it says."""
    wait_until(lambda: house.last_told("hook", f"{NOT_KEPT}/healthd") == FIRING, SELF, f"{NOT_KEPT} is told", step=0.1)
    assert house.metrics().value("healthd_store_ok") == 0
    told = [alert for body in house.peers["hook"].accepted() for alert in body["alerts"]]
    return next(str(alert["annotations"]) for alert in reversed(told) if alert["labels"]["alertname"] == NOT_KEPT)


def fill(folder: Path) -> None:
    with (folder / "filler").open("ab", buffering=0) as filler:
        for size in (65536, 4096):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError:
                continue


def test_a_disk_that_fills_up_and_is_cleared(make_house: MakeHouse) -> None:
    house = make_house(alerts=HASTY)
    house.wrap = in_a_mount("size=3m", house)
    house.start()
    pages(house)

    def refused() -> bool:
        fill(inside(house))
        pages(house)
        return house.metrics().value("healthd_store_ok") == 0

    wait_until(refused, SELF, "the disk refuses, with the reserve spent", step=0.1)
    assert "full" in says_so(house)
    (inside(house) / "filler").unlink()
    wait_until(lambda: house.metrics().value("healthd_store_ok") == 1, TRIED_AGAIN, "it is kept again", step=0.2)
    house.targets[0].turn(False)
    house.settle()
    with closing(sqlite3.connect(f"file:{_copy(house)}?mode=ro", uri=True)) as database:
        assert database.execute("SELECT count(*) FROM delivery").fetchone()[0] >= 1


def _copy(house: House) -> Path:
    """Reading must not disturb the file's owner."""
    copy = house.folder / "copied"
    shutil.copytree(inside(house), copy)
    return copy / "state.db"


@pytest.mark.parametrize("options", ["size=3m,ro", "size=64k"], ids=["read-only", "too small from the start"])
def test_a_folder_that_cannot_be_written(make_house: MakeHouse, options: str) -> None:
    house = make_house(alerts=HASTY)
    house.wrap = in_a_mount(options, house)
    house.start()
    pages(house)
    says_so(house)


def test_a_folder_that_is_not_there(make_house: MakeHouse) -> None:
    house = make_house(alerts=HASTY)
    house.state.rmdir()
    house.start()
    pages(house)
    assert str(house.state) in says_so(house)
    assert house.stop() == 0


def test_two_daemons_do_not_share_a_file(make_house: MakeHouse, binary: Path, tmp_path: Path) -> None:
    """The second one says so and pages; the first one goes on."""
    first = make_house()
    first.start()
    (tmp_path / "second").mkdir()
    second = House(binary, tmp_path / "second", alerts=HASTY)
    second.state = first.state
    try:
        second.start()
        pages(second)
        assert "another process" in says_so(second)
        pages(first)
    finally:
        second.close()


# --- errors of the device ------------------------------------------------------------------------------------------

SYNCS = "fsync,fdatasync"


@pytest.mark.parametrize("when", ["1", "2", "3", "5", "8", "1+", "4+"])
@pytest.mark.parametrize("calls", [SYNCS, "pwrite64"], ids=["sync", "write"])
def test_a_device_that_fails(make_house: MakeHouse, calls: str, when: str) -> None:
    """Once, or from then on. The messages are told exactly once; the file that is left behind serves the next start."""
    house = make_house()
    trace = str(house.folder / "strace")
    house.wrap = ["strace", "-D", "-f", "--seccomp-bpf", "-o", trace, "-e", f"trace={calls}",
                  "-e", f"inject={calls}:error=EIO:when={when}"]  # fmt: skip
    house.start()
    pages(house)
    pages(house)
    assert "EIO" in Path(trace).read_text(), "no call was made to fail"
    house.wrap = []
    house.kill()
    house.start()
    pages(house)
