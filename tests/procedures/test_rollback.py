"""The page on rollback, followed as it is written: the restored database takes the place of the present one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Iterator

import psycopg2
import pytest
from shell import PROCEDURES, Shell, Stack, fence_with, fences, follow

PAGE = PROCEDURES / "rollback.md"
BACKUP = PROCEDURES / "backup-and-restore.md"
# The real program prints the grants; there is no daemon here to hold alerts back.
HEALTHD = """\
printf 'superset-healthd %s\\n' "$*" >>"$DOCKER_LOG"
if [ "$1" = maintenance ]; then exit 0; fi
exec {binary} "$@" --config.file={config}
"""
CONFIG = """\
stack: test
probes:
  - {{name: metadata, kind: postgres, dsn: "host=127.0.0.1 port={port} dbname=superset user=healthd"}}
receivers: []
"""


@pytest.fixture
def shell(stack: Stack, binary: Path) -> Iterator[Shell]:
    config = stack.folder.parent / "config.yaml"
    config.write_text(CONFIG.format(port=stack.server.plan.ports["postgres"]))
    stack.program("superset-healthd", HEALTHD.format(binary=binary, config=config))
    opened = Shell(stack, notes="stop up")
    yield opened
    opened.close()


def restored_and_spoilt(shell: Shell, stack: Stack) -> dict[str, list[str]]:
    """A good state, its dump restored beside it, and then a release that spoils the living database."""
    good = stack.server.rows("superset")
    follow(shell, BACKUP, upto="Go back")
    stack.server.run(
        "superset", "UPDATE dashboards SET dashboard_title = 'spoilt'; UPDATE alembic_version SET version_num = 'newer'"
    )
    return good


def test_the_restored_database_takes_the_place_and_the_present_one_is_kept(shell: Shell, stack: Stack) -> None:
    good = restored_and_spoilt(shell, stack)
    spoilt = stack.server.rows("superset")
    follow(shell, PAGE, upto="Verify")
    assert stack.server.rows("superset") == good
    aside = shell.value("ASIDE")
    assert stack.server.databases() == {"superset", aside}
    with pytest.raises(psycopg2.OperationalError, match="not currently accepting connections"):
        stack.server.connect(aside)
    stack.server.run("postgres", f'ALTER DATABASE "{aside}" WITH ALLOW_CONNECTIONS true')  # as "Go back" says
    assert stack.server.rows(aside) == spoilt


def test_what_writes_is_stopped_before_the_exchange_and_started_with_the_former_image(
    shell: Shell, stack: Stack
) -> None:
    restored_and_spoilt(shell, stack)
    follow(shell, PAGE, upto="Verify")
    log = stack.log.read_text()
    order = ["maintenance start", "compose stop -t 120 superset worker beat", "alter database", "grants postgres",
             "compose up -d --wait", "maintenance end"]  # fmt: skip
    assert [log.index(step) for step in order] == sorted(log.index(step) for step in order), log
    assert (stack.folder / ".env").read_text() == f"SUPERSET_VERSION={shell.value('FORMER')}\n"


def test_the_monitor_that_is_connected_does_not_prevent_it_and_may_look_again(shell: Shell, stack: Stack) -> None:
    restored_and_spoilt(shell, stack)
    with closing(stack.server.connect("superset", user="healthd")) as old:
        follow(shell, PAGE, upto="Verify")
        with pytest.raises(psycopg2.OperationalError):
            old.cursor().execute("select 1")
    with closing(stack.server.connect("superset", user="healthd")) as connection:
        connection.cursor().execute("select last_value from dashboards_id_seq")


def test_without_a_restored_database_nothing_is_changed(shell: Shell, stack: Stack) -> None:
    before = stack.server.rows("superset")
    said = ""
    for fence in fences(PAGE)[:2]:
        said += shell.run(fence.text).out
    assert "nothing was restored" in said
    answer = shell.run(fence_with(PAGE, "rename to"))
    assert answer.code != 0 and "division by zero" in answer.errors
    assert stack.server.databases() == {"superset"}
    assert stack.server.rows("superset") == before


def test_the_newest_restored_database_is_chosen(shell: Shell, stack: Stack) -> None:
    for name in (
        "superset_restored_20260101000000",
        "superset_restored_20261101000000",
        "superset_aside_20270101000000",
        "supersetXrestored_3",
    ):
        stack.server.run("postgres", f'CREATE DATABASE "{name}"')
    for fence in fences(PAGE)[:2]:
        assert shell.run(fence.text).code == 0
    assert shell.value("FRESH") == "superset_restored_20261101000000"
