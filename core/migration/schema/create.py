"""The statements that create tables which are not there, with all that belongs to them. It runs none of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import Sequence as DBSequence
from sqlalchemy import Table
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.schema import CreateIndex, sort_tables_and_constraints
from sqlalchemy.sql.ddl import SchemaGenerator
from sqlalchemy.types import TypeEngine

from core.migration.statements import Sql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Dialect, ForeignKeyConstraint, Index

    from core.migration.state import ConstraintState

logger = logging.getLogger(__name__)


def create_statements(
    dialect: Dialect,
    tables: Sequence[Table],
    sequences: Sequence[DBSequence] = (),
    *,
    existing: Collection[str] = (),
    without: Collection[ForeignKeyConstraint] = (),
) -> list[Sql]:
    """The statements for `tables` that are not there, in the order in which they have to run.

    Sequences and enum types come first, a table after those that it refers to, with its indexes and comments; foreign
    keys in a circle are added at the end where the database can. What authors attached to `before_create` and
    `after_create` as DDL is included. `existing` are the names of types and sequences that are there already; the
    foreign keys `without` are left out.
    """
    statements: list[Sql] = []
    there = set(existing)

    def take(element: Any, *_: Any) -> None:
        made = getattr(element, "element", None)
        if isinstance(made, DBSequence | TypeEngine):
            name = str(getattr(made, "name", ""))
            if name in there:
                return
            there.add(name)
        text = str(element.compile(dialect=dialect)).strip()
        if isinstance(element, CreateIndex):
            text = text.replace(" CONCURRENTLY ", " ", 1)
            say_if_concurrent(element.element)
        statements.append(Sql(text, _table_of(element)))

    # Not MetaData.create_all: it would create the enum types of every module, also of those that are off.
    generator = SchemaGenerator(dialect, MockConnection(dialect, take))
    for sequence in sequences:
        generator.traverse_single(sequence)
    for table, all_keys in sort_tables_and_constraints(tables):
        keys = [key for key in all_keys if key not in without]
        if table is not None:
            generator.traverse_single(table, create_ok=True, include_foreign_key_constraints=keys)
            continue
        for key in keys:
            generator.traverse_single(key)
    return statements


def say_if_concurrent(index: Index) -> None:
    """Say that an index is not made as its author wanted it: that cannot be done within a transaction."""
    if index.dialect_kwargs.get("postgresql_concurrently"):
        logger.info("index %s is made in the transaction of the migration, so not concurrently", index.name)


def _table_of(element: Any) -> str:
    """The table that a statement is for; "" if it is for none alone, as a type is."""
    made = getattr(element, "element", None)
    table = getattr(made, "table", made)
    return table.fullname if isinstance(table, Table) else ""


def declared(table: Table, keys: Iterable[ConstraintState]) -> list[ForeignKeyConstraint]:
    """Those foreign keys of the model that `keys` are."""
    given = {(key.columns, (key.target or "").rpartition(".")[2], key.target_columns) for key in keys}
    return [key for key in table.foreign_key_constraints if _shown(key) in given]


def _shown(key: ForeignKeyConstraint) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    columns, targets = zip(*((part.parent.name, part.column.name) for part in key.elements), strict=True)
    return columns, key.referred_table.name, targets
