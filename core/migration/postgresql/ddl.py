"""Single statements of PostgreSQL, every name in quotes. What is to be done is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Column, quoted_name
from sqlalchemy.dialects.postgresql import asyncpg

from core.migration.alembic_ddl import statements as alembic
from core.migration.statements import Sql

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.schema import DDLElement

_DIALECT = asyncpg.dialect()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table is: its name, in `schema` or, with None, where the search path finds it."""

    schema: str | None
    name: str

    @property
    def sql(self) -> str:
        """The name as SQL writes it."""
        return self.beside(self.name)

    def beside(self, name: str) -> str:
        """`name`, of something in the same schema, as SQL writes it."""
        return quote(name) if self.schema is None else f"{quote(self.schema)}.{quote(name)}"


def quote(name: str) -> str:
    """`name` as an identifier. Always in quotes: which words are reserved differs between versions."""
    return '"' + name.replace('"', '""') + '"'


def listed(names: Iterable[str]) -> str:
    """`names` as a list of identifiers."""
    return ", ".join(map(quote, names))


def literal(text: str | None) -> str:
    """`text` as a string literal, whatever standard_conforming_strings is; NULL for None."""
    if text is None:
        return "NULL"
    doubled = text.replace("'", "''")
    return f"'{doubled}'" if "\\" not in text else "E'" + doubled.replace("\\", "\\\\") + "'"


def rename_table(place: Place, name: str) -> Sql:
    """Give a table another name in its schema."""
    return _ddl(alembic().RenameTable(_exact(place.name), _exact(name), schema=_schema(place)), place)


def rename_column(place: Place, column: str, name: str) -> Sql:
    """Give a column another name."""
    return _ddl(alembic().ColumnName(_exact(place.name), _exact(column), _exact(name), schema=_schema(place)), place)


def set_nullable(place: Place, column: str, nullable: bool) -> Sql:
    """Let a column be NULL, or not: then PostgreSQL looks at every row."""
    element = alembic().ColumnNullable(_exact(place.name), _exact(column), nullable, schema=_schema(place))
    return _ddl(element, place, rows=not nullable)


def drop_column(place: Place, column: str) -> Sql:
    """Drop a column; only ever one whose values are computed or were copied."""
    return _ddl(alembic().DropColumn(_exact(place.name), Column(_exact(column)), schema=_schema(place)), place)


def alter(place: Place, clause: str, *, rows: bool = False, remedy: str = "") -> Sql:
    """ALTER TABLE."""
    return Sql(f"ALTER TABLE {place.sql} {clause}", table=place.name, rows=rows, remedy=remedy)


def alter_column(place: Place, column: str, clause: str) -> Sql:
    """ALTER TABLE ... ALTER COLUMN."""
    return alter(place, f"ALTER COLUMN {quote(column)} {clause}")


def comment(what: str, text: str | None) -> Sql:
    """COMMENT ON `what`, such as `TABLE "t"`; None takes the comment away."""
    return Sql(f"COMMENT ON {what} IS {literal(text)}")


def _ddl(element: DDLElement, place: Place, *, rows: bool = False) -> Sql:
    return Sql(str(element.compile(dialect=_DIALECT)), table=place.name, rows=rows)


def _exact(name: str) -> quoted_name:
    return quoted_name(name, quote=True)


def _schema(place: Place) -> quoted_name | None:
    return None if place.schema is None else _exact(place.schema)
