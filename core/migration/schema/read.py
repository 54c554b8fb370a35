"""What a database shows of its tables, as values: `read_tables`, the same on SQLite and PostgreSQL. It only reads.

It takes a constant number of queries, however many tables there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.schema import postgresql as read_postgresql
from core.migration.schema import sqlite as read_sqlite

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Table

    from core.migration.state import TableState


def read_tables(
    connection: Connection, names: Collection[str] | None = None, *, schemas: Collection[str] = ()
) -> dict[str, TableState]:
    """The tables `names` that exist, by their name; None: all ordinary tables of the default schema and of `schemas`.

    A table that is not in the default schema is named `schema.name`; such names are found without `schemas`, too.
    """
    wanted = None if names is None else set(names)
    if wanted is not None:
        schemas = {*schemas, *(name.partition(".")[0] for name in wanted if "." in name)}
    if connection.dialect.name == "postgresql":
        states = _read_postgresql(connection, wanted, schemas)
    else:
        states = _read_sqlite(connection, wanted, schemas)
    return {state.name: state for state in states if wanted is None or state.name in wanted}


def default_schema(connection: Connection) -> str:
    """The schema in which a table without one is made."""
    return read_postgresql.default_schema(connection) if connection.dialect.name == "postgresql" else "main"


def shown_name(table: Table, default: str) -> str:
    """The name of a model's table as `read_tables` shows it, `default` being the schema that names leave out."""
    return table.name if table.schema in (None, default) else table.fullname


def table_names(connection: Connection, *, schemas: Collection[str] = ()) -> set[str]:
    """The names of all ordinary tables of the default schema and of `schemas`, those as `schema.name`."""
    if connection.dialect.name == "postgresql":
        return read_postgresql.table_names(connection, _shown_as(connection, schemas))
    return set().union(
        *(read_sqlite.table_names(connection, schema) for schema in (None, *_attached(connection, schemas)))
    )


def _read_postgresql(connection: Connection, names: set[str] | None, schemas: Collection[str]) -> list[TableState]:
    # A dot may also be part of a table's own name.
    plain = None if names is None else names | {name.partition(".")[2] for name in names}
    return read_postgresql.tables(connection, plain, schemas=_shown_as(connection, schemas))


def _shown_as(connection: Connection, schemas: Collection[str]) -> dict[str, str | None]:
    return {**{schema: schema for schema in schemas}, read_postgresql.default_schema(connection): None}


def _read_sqlite(connection: Connection, names: set[str] | None, schemas: Collection[str]) -> list[TableState]:
    states = read_sqlite.tables(connection, names)
    for schema in _attached(connection, schemas):
        states += read_sqlite.tables(connection, names, schema=schema)
    return states


def _attached(connection: Connection, schemas: Collection[str]) -> list[str]:
    """Those of `schemas` that are databases beside the main one."""
    if not schemas:
        return []
    attached = {row.name for row in connection.exec_driver_sql("PRAGMA database_list")}
    return sorted(attached.intersection(schemas))
