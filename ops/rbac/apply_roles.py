#!/usr/bin/env python3
"""Creates and completes the roles of roles.yaml in the Superset that it runs in.

Usage: apply_roles.py [--check] [FILE]

Without --check it creates roles that are missing, gives them what they lack, and names what they have too much of,
which a person takes away. With --check it changes nothing. Exit: 0, 1 where something differs (--check) or could not be
given, 2 where the file cannot be followed, as `file:line: message`; then nothing was changed.
Runs inside the Superset image: PyYAML is there, Superset is imported only when it is needed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

# `superset init` writes these anew, so whatever is changed in them is lost, or stays by accident.
BUILT_IN = ("admin", "alpha", "gamma", "public", "sql_lab")
KEYS = ("name", "about", "permissions", "where_known")


class Wrong(Exception):
    """The file cannot be followed; every problem is a line `file:line: message`."""


@dataclass(frozen=True)
class Permission:
    what: str
    on: str

    def __str__(self) -> str:
        return f"{self.what} on {self.on}"


@dataclass
class Role:
    name: str
    line: int
    wanted: dict[Permission, int] = field(default_factory=dict)  # with the line
    where_known: set[Permission] = field(default_factory=set)


# --- the file ------------------------------------------------------------------------------------------------------


class Reader:
    """Works on PyYAML's nodes, because only they know their lines."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[str] = []

    def problem(self, line: int, message: str) -> None:
        self.problems.append(f"{self.file}:{line}: {message}")

    def roles(self) -> list[Role]:
        try:
            root = yaml.compose(self.file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except OSError as error:
            raise Wrong(f"{self.file}:1: {error.strerror}") from None
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise Wrong(f"{self.file}:{line}: {error.problem}") from None
        found = [self.role(node) for node in self.items(self.fields(root, ("roles",)).get("roles"))]
        roles = [role for role in found if role]
        for index, role in enumerate(roles):
            if any(role.name.lower() == earlier.name.lower() for earlier in roles[:index]):
                self.problem(role.line, f"{role.name} stands here twice")
        if not roles and not self.problems:
            self.problem(1, "there is no role under `roles`")
        return roles

    def role(self, node: yaml.Node) -> Role | None:
        fields = self.fields(node, KEYS)
        name = fields.get("name")
        if not isinstance(name, yaml.ScalarNode) or not name.value.strip():
            self.problem(line_of(node), "a role needs a `name`")
            return None
        role = Role(name.value, line_of(name))
        if role.name.lower() in BUILT_IN:
            self.problem(
                role.line, f"{role.name} is built in: `superset init` writes it anew. Make a role of your own beside it"
            )
        for key in ("permissions", "where_known"):
            for entry in self.items(fields.get(key)):
                self.permission(role, entry, key == "where_known")
        return role

    def permission(self, role: Role, node: yaml.Node, where_known: bool) -> None:
        parts = node.value if isinstance(node, yaml.SequenceNode) else []
        if len(parts) != 2 or not all(isinstance(part, yaml.ScalarNode) and part.value for part in parts):
            self.problem(line_of(node), f"{role.name}: a permission is [what, on what]")
            return
        wish = Permission(parts[0].value, parts[1].value)
        if wish in role.wanted:
            self.problem(line_of(node), f"{role.name}: {wish} stands here twice")
        role.wanted[wish] = line_of(node)
        if where_known:
            role.where_known.add(wish)

    def fields(self, node: yaml.Node | None, known: tuple[str, ...]) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self.problem(line_of(node), f"expected a mapping with {', '.join(known)}")
            return {}
        for key, _ in node.value:
            if key.value not in known:
                self.problem(line_of(key), f"no such key: {key.value}")
        return {key.value: value for key, value in node.value}

    def items(self, node: yaml.Node | None) -> list[yaml.Node]:
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.problem(line_of(node), "expected a list")
            return []
        return list(node.value)


def line_of(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node is not None else 1


# --- Superset ------------------------------------------------------------------------------------------------------


def look_up(manager: Any, roles: list[Role], reader: Reader) -> dict[Permission, Any]:
    """Flask-AppBuilder's object of each permission. One that this release does not know is a problem, or may be so."""
    found: dict[Permission, Any] = {}
    for role in roles:
        for wish, line in role.wanted.items():
            entry = manager.find_permission_view_menu(wish.what, wish.on)
            if entry is not None:
                found[wish] = entry
            elif wish not in role.where_known:
                reader.problem(line, f"{role.name}: this Superset knows no permission {wish}")
    return found


def has(role: Any) -> set[Permission]:
    """What a role of Superset has. Entries whose view is gone have no name, and grant nothing."""
    entries = role.permissions if role is not None else []
    return {Permission(e.permission.name, e.view_menu.name) for e in entries if e.permission and e.view_menu}


def bring_to(manager: Any, role: Role, known: dict[Permission, Any], check: bool) -> tuple[list[str], bool]:
    """What was done or is to be told, and whether the role is as wanted."""
    wanted = [wish for wish in role.wanted if wish in known]
    real = manager.find_role(role.name)
    told, missing = [], [wish for wish in wanted if wish not in has(real)]
    surplus = sorted(has(real) - set(wanted), key=str)
    if real is None:
        told.append(f"{role.name}: " + ("missing" if check else "created"))
    if not check:
        real = real or manager.add_role(role.name)
        for wish in missing:
            if real is not None:
                manager.add_permission_role(real, known[wish])
        # It logs what went wrong, and returns as if nothing had.
        refused = [wish for wish in missing if wish not in has(manager.find_role(role.name))]
        told += [f"{role.name}: added {wish}" for wish in missing if wish not in refused]
        told += [f"{role.name}: could not be given {wish}; see Superset's log" for wish in refused]
        missing = refused
    else:
        told += [f"{role.name}: lacks {wish}" for wish in missing]
    told += [f"{role.name}: too much: {wish}" for wish in surplus]
    return told, real is not None and not missing and not (check and surplus)


def run(manager: Any, file: Path, check: bool) -> int:
    reader = Reader(file)
    try:
        roles = reader.roles()
        known = {} if reader.problems else look_up(manager, roles, reader)
        if reader.problems:
            raise Wrong("\n".join(reader.problems))
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 2
    fine = True
    for role in roles:
        told, good = bring_to(manager, role, known, check)
        fine = fine and good
        print("\n".join(told) if told else f"{role.name}: as it should be")
    return 0 if fine else 1


def superset() -> Any:
    """The security manager of a Superset application, whose context stays open until we end."""
    from superset.app import create_app

    app = create_app()
    app.app_context().push()
    return app.appbuilder.sm


def main() -> int:
    parser = argparse.ArgumentParser(description="Creates and completes Superset's roles from a file.")
    parser.add_argument("file", type=Path, nargs="?", default=Path(__file__).with_name("roles.yaml"))
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where something differs")
    given = parser.parse_args()
    return run(superset(), given.file, given.check)


if __name__ == "__main__":
    sys.exit(main())
