"""The models' tables in an SQLite database in memory, for reading them back. The bot's own database is not asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from core.migration.schema.read import read_tables
from core.migration.schema.refusal import refusal

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Dialect, Table
    from sqlalchemy.schema import ExecutableDDLElement

    from core.migration.state import TableState


def states(connection: Connection, tables: Collection[Table]) -> list[TableState]:
    """What SQLite shows of `tables` when they are new; raises TableRefused."""
    schemas = sorted({table.schema for table in tables if table.schema})
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as scratch:
            for schema in schemas:
                if schema not in ("main", "temp"):
                    quoted = connection.dialect.identifier_preparer.quote(schema)
                    scratch.exec_driver_sql(f"ATTACH ':memory:' AS {quoted}")
            for table in tables:
                _create(scratch, table, connection.dialect)
            return list(read_tables(scratch, schemas=schemas).values())
    finally:
        engine.dispose()


def _create(scratch: Connection, table: Table, dialect: Dialect) -> None:
    try:
        made: list[ExecutableDDLElement] = [CreateTable(table), *(CreateIndex(index) for index in table.indexes)]
        for element in made:
            scratch.exec_driver_sql(str(element.compile(dialect=dialect)))
    except Exception as error:
        # A type of the author's own may raise anything.
        raise refusal(table, "SQLite", error) from error
