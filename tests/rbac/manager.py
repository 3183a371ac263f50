"""A stand-in for Flask-AppBuilder's security manager, with what apply_roles.py asks of it and its manners.

Two of those matter: what is unknown is None and no error, and a permission that cannot be given is logged, not told.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Named:
    name: str


@dataclass(frozen=True)
class Entry:
    permission: Named | None
    view_menu: Named | None


@dataclass
class Role:
    name: str
    permissions: list[Entry] = field(default_factory=list)


class Manager:
    def __init__(self, *known: tuple[str, str]) -> None:
        self.entries = {pair: Entry(Named(pair[0]), Named(pair[1])) for pair in known}
        self.roles: dict[str, Role] = {}
        self.refuses: set[tuple[str, str]] = set()
        self.changes = 0

    def find_role(self, name: str) -> Role | None:
        return self.roles.get(name)

    def add_role(self, name: str) -> Role:
        self.changes += 1
        return self.roles.setdefault(name, Role(name))

    def find_permission_view_menu(self, permission: str, view: str) -> Entry | None:
        return self.entries.get((permission, view))

    def add_permission_role(self, role: Role, entry: Entry) -> None:
        self.changes += 1
        assert entry.permission and entry.view_menu
        if (entry.permission.name, entry.view_menu.name) not in self.refuses and entry not in role.permissions:
            role.permissions.append(entry)

    # --- for the tests ---

    def holds(self, name: str) -> set[tuple[str, str]]:
        return {
            (e.permission.name, e.view_menu.name) for e in self.roles[name].permissions if e.permission and e.view_menu
        }

    def give(self, name: str, *pairs: tuple[str, str]) -> None:
        role = self.roles.setdefault(name, Role(name))
        role.permissions += [self.entries[pair] for pair in pairs]
