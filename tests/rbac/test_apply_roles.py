"""Roles as code: what is created, completed, told and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import apply_roles
import pytest
from manager import Entry, Manager, Named

CHART, DASHBOARD, DATASET = ("can_read", "Chart"), ("can_read", "Dashboard"), ("can_read", "Dataset")
FILE = """\
roles:
  - name: viewer
    permissions:
      - [can_read, Chart]
      - [can_read, Dashboard]
    where_known:
      - [can_read, Theme]
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        file = tmp_path / "roles.yaml"
        file.write_text(text)
        return file

    return written


@pytest.fixture
def manager() -> Manager:
    return Manager(CHART, DASHBOARD, DATASET)


def test_a_missing_role_is_created_with_its_permissions(
    manager: Manager, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert apply_roles.run(manager, write(FILE), check=False) == 0
    assert manager.holds("viewer") == {CHART, DASHBOARD}
    assert capsys.readouterr().out.splitlines() == [
        "viewer: created", "viewer: added can_read on Chart", "viewer: added can_read on Dashboard",
    ]  # fmt: skip


def test_a_second_run_changes_nothing(manager: Manager, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(FILE)
    apply_roles.run(manager, file, check=False)
    changes = manager.changes
    capsys.readouterr()
    assert apply_roles.run(manager, file, check=False) == 0
    assert apply_roles.run(manager, file, check=True) == 0
    assert manager.changes == changes
    assert capsys.readouterr().out == "viewer: as it should be\n" * 2


def test_an_incomplete_role_is_completed(manager: Manager, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    manager.give("viewer", CHART)
    assert apply_roles.run(manager, write(FILE), check=False) == 0
    assert manager.holds("viewer") == {CHART, DASHBOARD}
    assert capsys.readouterr().out == "viewer: added can_read on Dashboard\n"


def test_check_names_what_is_missing_and_what_is_too_much_and_changes_nothing(
    manager: Manager, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    manager.give("viewer", CHART, DATASET)
    assert apply_roles.run(manager, write(FILE), check=True) == 1
    assert capsys.readouterr().out.splitlines() == [
        "viewer: lacks can_read on Dashboard",
        "viewer: too much: can_read on Dataset",
    ]
    assert (manager.changes, manager.holds("viewer")) == (0, {CHART, DATASET})


def test_check_does_not_create_a_missing_role(
    manager: Manager, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert apply_roles.run(manager, write(FILE), check=True) == 1
    assert "viewer: missing" in capsys.readouterr().out
    assert not manager.roles


def test_what_is_too_much_is_told_and_left_to_a_person(
    manager: Manager, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    manager.give("viewer", CHART, DASHBOARD, DATASET)
    assert apply_roles.run(manager, write(FILE), check=False) == 0
    assert DATASET in manager.holds("viewer")
    assert capsys.readouterr().out == "viewer: too much: can_read on Dataset\n"


def test_a_permission_of_another_release_is_given_only_where_it_is_known(write: Write) -> None:
    newer = Manager(CHART, DASHBOARD, ("can_read", "Theme"))
    assert apply_roles.run(newer, write(FILE), check=False) == 0
    assert ("can_read", "Theme") in newer.holds("viewer")


def test_an_unknown_permission_stops_everything_with_file_and_line(
    manager: Manager, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(FILE.replace("[can_read, Dashboard]", "[can_reed, Dashboard]"))
    assert apply_roles.run(manager, file, check=False) == 2
    assert capsys.readouterr().err == f"{file}:5: viewer: this Superset knows no permission can_reed on Dashboard\n"
    assert (manager.changes, manager.roles) == (0, {})


@pytest.mark.parametrize("name", ["Admin", "Alpha", "Gamma", "Public", "sql_lab", "gamma"])
def test_built_in_roles_are_refused(
    manager: Manager, write: Write, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    manager.give(name)
    file = write(FILE.replace("viewer", name))
    assert apply_roles.run(manager, file, check=False) == 2
    assert capsys.readouterr().err.startswith(f"{file}:2: {name} is built in")
    assert (manager.changes, manager.holds(name)) == (0, set())


def test_a_permission_that_superset_swallows_is_an_error(
    manager: Manager, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    manager.refuses.add(DASHBOARD)
    assert apply_roles.run(manager, write(FILE), check=False) == 1
    assert "viewer: could not be given can_read on Dashboard" in capsys.readouterr().out


def test_entries_whose_view_is_gone_do_not_count(manager: Manager, write: Write) -> None:
    manager.give("viewer", CHART, DASHBOARD)
    manager.roles["viewer"].permissions.append(Entry(Named("can_read"), None))
    assert apply_roles.run(manager, write(FILE), check=True) == 0


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("roles: [", 1, "expected the node content"),
        ("rolls: []", 1, "no such key: rolls"),
        ("roles:\n  - about: nobody", 2, "a role needs a `name`"),
        ("roles:\n  - name: a\n    permissions:\n      - can_read Chart", 4, "a: a permission is [what, on what]"),
        (
            "roles:\n  - name: a\n    permissions:\n      - [can_read, Chart]\n      - [can_read, Chart]",
            5,
            "stands here twice",
        ),
        ("roles:\n  - name: a\n  - name: A", 3, "A stands here twice"),
        ("roles: []", 1, "there is no role"),
        ("", 1, "expected a mapping"),
    ],
)
def test_a_file_that_cannot_be_followed_is_named_with_its_line(
    manager: Manager, write: Write, capsys: pytest.CaptureFixture[str], text: str, line: int, message: str
) -> None:
    file = write(text)
    assert apply_roles.run(manager, file, check=False) == 2
    errors = capsys.readouterr().err.splitlines()
    assert any(error.startswith(f"{file}:{line}: ") and message in error for error in errors), errors
    assert manager.changes == 0


def test_a_missing_file_is_told(manager: Manager, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert apply_roles.run(manager, tmp_path / "none.yaml", check=False) == 2
    assert "No such file" in capsys.readouterr().err


def test_our_own_roles_can_be_followed_and_hold_no_data_and_no_numbers() -> None:
    reader = apply_roles.Reader(Path(apply_roles.__file__).with_name("roles.yaml"))
    roles = {role.name: role for role in reader.roles()}
    assert not reader.problems
    assert set(roles) == {"healthd_probe", "bi_viewer", "bi_author", "bi_sqllab", "bi_admin_readonly"}
    assert not [
        wish
        for role in roles.values()
        for wish in role.wanted
        if wish.what.endswith("_access") and wish.what != "menu_access"
    ]
    assert not [wish for role in roles.values() for wish in role.wanted if "(id:" in wish.on]


@pytest.mark.parametrize("role", ["healthd_probe", "bi_admin_readonly"])
def test_roles_that_only_look_hold_nothing_that_changes(role: str) -> None:
    reader = apply_roles.Reader(Path(apply_roles.__file__).with_name("roles.yaml"))
    found = next(entry for entry in reader.roles() if entry.name == role)
    looking = ("can_read", "can_get", "can_info", "can_list", "can_show", "menu_access")
    assert not [str(wish) for wish in found.wanted if not wish.what.startswith(looking)]
