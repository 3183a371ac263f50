"""The server under test, and what is in its databases."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from stack.plan import Plan

SCHEMA = Path(__file__).with_name("schema.sql")
TABLES = "select tablename from pg_tables where schemaname = 'public' order by 1"
SEQUENCES = "select sequencename, last_value from pg_sequences order by 1"
# Definitions as PostgreSQL prints them, so that a lost constraint, index, default or grant shows.
SHAPE = """\
select 'constraint', conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
  where connamespace = 'public'::regnamespace
union all select 'index', tablename, indexdef from pg_indexes where schemaname = 'public'
union all select 'default', table_name, column_name || ' ' || column_default from information_schema.columns
  where table_schema = 'public' and column_default is not null
union all select 'grant', relname, relacl::text from pg_class
  where relnamespace = 'public'::regnamespace and relacl is not null
order by 1, 2, 3"""


class Server:
    """As in the image of PostgreSQL, the application's role is its superuser."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.run("postgres", "ALTER ROLE superset SUPERUSER", user="postgres")
        self.run("postgres", "CREATE DATABASE filled IS_TEMPLATE true")
        self.run("filled", SCHEMA.read_text(encoding="utf-8"))

    def environment(self) -> dict[str, str]:
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.plan.ports["postgres"]),
            "PGPASSWORD": self.plan.postgres_password,
        }

    def connect(self, database: str, user: str = "superset") -> Any:
        return psycopg2.connect(
            host="127.0.0.1",
            port=self.plan.ports["postgres"],
            dbname=database,
            user=user,
            password=self.plan.postgres_password,
        )

    def run(self, database: str, statement: str, user: str = "superset") -> None:
        """Outside of a transaction, as databases are made."""
        with closing(self.connect(database, user)) as connection:
            connection.autocommit = True
            connection.cursor().execute(statement)

    def ask(self, database: str, query: str) -> list[tuple[Any, ...]]:
        with closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def databases(self) -> set[str]:
        return {name for (name,) in self.ask("postgres", "select datname from pg_database where not datistemplate")} - {
            "postgres"
        }

    def fill(self) -> None:
        """One database, `superset`, with Superset's tables and rows."""
        for name in self.databases():
            self.run("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')
        self.run("postgres", "CREATE DATABASE superset TEMPLATE filled")

    def rows(self, database: str) -> dict[str, list[str]]:
        """Every row of every table as PostgreSQL writes it, in an order that both databases share."""
        found = {}
        for (table,) in self.ask(database, TABLES):
            found[table] = [row for (row,) in self.ask(database, f'select t::text from public."{table}" t order by 1')]
        return found

    def shape(self, database: str) -> list[tuple[Any, ...]]:
        return self.ask(database, SHAPE) + self.ask(database, SEQUENCES)
