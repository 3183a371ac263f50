"""The metadata database, by the address of the shipped superset_config.py."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2
import superset_config


def connect() -> Any:
    address = urlsplit(superset_config.SQLALCHEMY_DATABASE_URI)
    return psycopg2.connect(
        host=address.hostname, port=address.port, dbname=unquote(address.path[1:]), user=unquote(address.username or ""),
        password=unquote(address.password or ""), **superset_config.SQLALCHEMY_ENGINE_OPTIONS["connect_args"],
    )  # fmt: skip


def query(text: str, *values: object) -> list[tuple[Any, ...]]:
    """In a transaction of its own."""
    connection = connect()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(text, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
