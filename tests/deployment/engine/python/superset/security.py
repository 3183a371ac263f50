"""Users and roles, as far as make_admin.py goes: the parts of Flask-AppBuilder's security manager that it calls."""

from __future__ import annotations

import hashlib

from superset.database import query


class SecurityManager:
    def find_user(self, username: str) -> object | None:
        return next(iter(query("select id from ab_user where username = %s", username)), None)

    def find_role(self, name: str) -> int | None:
        return next((row[0] for row in query("select id from ab_role where name = %s", name)), None)

    def add_role(self, name: str) -> int:
        query("insert into ab_role (name) values (%s)", name)
        return self.find_role(name) or 0

    def add_user(self, username: str, first: str, last: str, email: str, role: int, password: str) -> bool:
        stored = hashlib.pbkdf2_hmac("sha256", password.encode(), b"the double's salt", 1000).hex()
        query("insert into ab_user (first_name, last_name, username, password, active, email) values (%s, %s, %s, %s, true, %s)",
              first, last, username, stored, email)  # fmt: skip
        query("insert into ab_user_role (user_id, role_id) select id, %s from ab_user where username = %s", role, username)
        return True
