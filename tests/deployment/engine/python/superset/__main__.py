"""The command `superset`: what init.sh and the runbooks say."""

from __future__ import annotations

import sys

from superset.database import query
from superset.schema import HEAD, TABLES


def upgrade() -> None:
    """To one head, whatever is there."""
    query(TABLES)
    query("delete from alembic_version where version_num <> %s", HEAD)
    query("insert into alembic_version values (%s) on conflict do nothing", HEAD)
    print(f"INFO  [alembic.runtime.migration] Running upgrade -> {HEAD}")


def init() -> None:
    for role in ("Admin", "Alpha", "Gamma", "Public"):
        query("insert into ab_role (name) values (%s) on conflict do nothing", role)


def heads() -> None:
    print(f"{HEAD} (head)")


def current() -> None:
    for (version,) in query("select version_num from alembic_version order by 1"):
        print(version, "(head)" if version == HEAD else "")


COMMANDS = {("db", "upgrade"): upgrade, ("db", "heads"): heads, ("db", "current"): current, ("init",): init}

if __name__ == "__main__":
    words = tuple(sys.argv[1:])
    if words not in COMMANDS:
        sys.exit(f"superset: the double of the tests knows no {' '.join(words)}")
    COMMANDS[words]()
