"""The models' tables in an SQLite database in memory, for reading them back. The bot's own database is not asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from core.database.url import what_it_said
from core.migration.read import read_tables
from models.exc import TableRefused

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Dialect, Table
    from sqlalchemy.schema import ExecutableDDLElement

    from core.migration.state import TableState


def states(connection: Connection, tables: Collection[Table]) -> list[TableState]:
    """What SQLite shows of `tables` when they are new; raises TableRefused."""
    schemas = {table.schema for table in tables if table.schema} - {"main", "temp"}
    engine = create_engine("sqlite://")
    with engine.connect() as scratch:
        for schema in sorted(schemas):
            scratch.exec_driver_sql(f"ATTACH ':memory:' AS {connection.dialect.identifier_preparer.quote(schema)}")
        for table in tables:
            _create(scratch, table, connection.dialect)
        made = read_tables(scratch, schemas={table.schema for table in tables if table.schema})
    engine.dispose()
    return list(made.values())


def _create(scratch: Connection, table: Table, dialect: Dialect) -> None:
    try:
        made: list[ExecutableDDLElement] = [CreateTable(table), *(CreateIndex(index) for index in table.indexes)]
        for element in made:
            scratch.exec_driver_sql(str(element.compile(dialect=dialect)))
    except SQLAlchemyError as error:
        raise TableRefused(
            f"table {table.fullname}: SQLite does not take it as it is declared: {what_it_said(error)}; "
            "correct the declaration, or use a type that both databases have",
            table=table.fullname,
        ) from error
