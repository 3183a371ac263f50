"""The page on backups, followed as it is written, on a real PostgreSQL: only what was restored is a backup."""

from __future__ import annotations

import tarfile

from shell import PROCEDURES, Shell, Stack, fence_with, fences, follow

PAGE = PROCEDURES / "backup-and-restore.md"


def test_every_row_comes_back(shell: Shell, stack: Stack) -> None:
    server = stack.server
    before = server.rows("superset")
    said = follow(shell, PAGE, upto="Go back")
    for word in ("readable", "restored", "complete", "same key", "4b2a8c9d3e1f"):
        assert word in said.splitlines(), f"the page promises {word!r}; it printed:\n{said}"
    fresh = shell.value("FRESH")
    restored = server.rows(fresh)
    assert restored.keys() == before.keys()
    for table, rows in before.items():
        assert restored[table] == rows, f"rows of {table} differ"
    assert sum(len(rows) for rows in restored.values()) > 3000
    assert server.shape(fresh) == server.shape("superset")
    assert server.rows("superset") == before


def test_a_new_dashboard_gets_a_new_number_in_the_restored_database(shell: Shell, stack: Stack) -> None:
    follow(shell, PAGE, upto="Go back")
    [(number,)] = stack.server.ask(
        shell.value("FRESH"), "insert into dashboards (dashboard_title) values ('new') returning id"
    )
    assert number == 5001


def test_the_trial_is_removed_and_the_dump_stays(shell: Shell, stack: Stack) -> None:
    follow(shell, PAGE)
    assert stack.server.databases() == {"superset"}
    [dump] = stack.dumps()
    assert dump.stat().st_mode & 0o777 == 0o600, "others may read the dump"


def test_an_earlier_dump_can_be_restored(shell: Shell, stack: Stack) -> None:
    before = stack.server.rows("superset")
    follow(shell, PAGE)
    [dump] = stack.dumps()
    earlier = dump.rename(dump.with_name("superset-20260101T000000Z.dump"))
    stack.server.run("superset", "DELETE FROM logs")
    later = Shell(stack)
    try:
        later.run(f"export RESTORE={earlier}")
        for words in ("mkdir -p", "createdb"):
            answer = later.run(fence_with(PAGE, words))
            assert answer.code == 0, answer.errors
        assert stack.server.rows(later.value("FRESH")) == before
        compared = later.run(fence_with(PAGE, "COUNTS="))
    finally:
        later.close()
    assert compared.code != 0 and "logs|3000" in compared.out


def test_a_dump_that_was_cut_off_is_noticed(shell: Shell, stack: Stack) -> None:
    steps = fences(PAGE)
    assert shell.run(steps[0].text).code == 0 and shell.run(steps[1].text).code == 0
    [dump] = stack.dumps()
    content = dump.read_bytes()
    dump.write_bytes(content[: len(content) * 3 // 4])
    assert shell.run('docker compose exec -T postgres pg_restore --list <"$DUMP"').code == 0, "else --list would do"
    assert "readable" not in shell.run(fence_with(PAGE, "/dev/null")).out
    answer = shell.run(fence_with(PAGE, "createdb"))
    assert answer.code != 0 and "restored" not in answer.out
    assert stack.server.rows(shell.value("FRESH")) == {}, "a half of the tables was left"


def test_a_dump_that_failed_has_no_name_of_a_dump(shell: Shell, stack: Stack) -> None:
    steps = fences(PAGE)
    shell.run(steps[0].text)
    shell.run("PG_DB=nobody")
    assert shell.run(steps[1].text).code != 0
    assert stack.dumps() == [] and len(stack.dumps("*.part")) == 1


def test_lost_rows_are_named_by_the_comparison(shell: Shell, stack: Stack) -> None:
    for fence in fences(PAGE)[:5]:
        assert shell.run(fence.text).code == 0
    stack.server.run(shell.value("FRESH"), "DELETE FROM dashboard_user WHERE id = 1")
    answer = shell.run(fence_with(PAGE, "COUNTS="))
    assert answer.code != 0 and "complete" not in answer.out
    assert "< dashboard_user|3" in answer.out and "> dashboard_user|2" in answer.out


def test_another_key_is_noticed(shell: Shell, stack: Stack) -> None:
    follow(shell, PAGE, upto="Verify")
    (stack.folder / "secrets/superset_secret_key").write_text("another key")
    assert "same key" not in shell.run(fence_with(PAGE, "same key")).out


def test_what_lies_beside_the_dump_holds_no_secret(shell: Shell, stack: Stack) -> None:
    follow(shell, PAGE)
    [settings] = stack.dumps("*.settings.tgz")
    with tarfile.open(settings) as archive:
        names = archive.getnames()
    assert {".env", "docker-compose.yml", "superset"} <= set(names)
    assert not [name for name in names if "secrets" in name or "tls" in name]
    [key] = stack.dumps("*.key")
    assert len(key.read_text().strip()) == 16 and "secret-" not in key.read_text()


def test_the_stand_in_for_docker_fails_for_all_that_it_does_not_carry_out(shell: Shell) -> None:
    others = ("ps", "compose exec postgres true", "compose exec -T redis-cache true", "compose stop worker")
    for command in (*(f"docker {other}" for other in others), "docker compose exec -T postgres"):
        answer = shell.run(command)
        assert answer.code == 125 and f"no: {command}" in answer.errors
