"""The ALTER TABLE statements for the renames of a unit, in an order in which no name is ever taken. Pure text."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from core.migration.alembic_ddl import statements as alembic
from core.migration.steps import RenameColumn, RenameTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Dialect
    from sqlalchemy.schema import DDLElement

    from core.migration.steps import Step


def renames(dialect: Dialect, steps: Iterable[Step]) -> list[str]:
    """The statements for those of `steps` that rename a table or a column: first the tables."""
    tables: dict[str, str] = {}
    columns: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for step in steps:
        match step:
            case RenameTable(table=new, old=old):
                tables[old] = new
            case RenameColumn(table=table, column=new, old=old):
                columns[table][old] = new
    statements = [_text(alembic().RenameTable(old, new), dialect) for old, new in in_order(tables)]
    for table, names in columns.items():
        statements += [_text(alembic().ColumnName(table, old, new), dialect) for old, new in in_order(names)]
    return statements


def in_order(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """The renames `names`, old to new, one after the other, none to a name that is still in use: two may be swapped.

    Names that differ only in case are the same to SQLite, which does not rename a table from one to the other.
    """
    todo, moves = dict(names), []
    while todo:
        used = {old.lower() for old in todo}
        old = next((old for old, new in todo.items() if new.lower() not in used), None)
        if old is None:  # a circle, or a change of case: one of them steps aside
            old, new = todo.popitem()
            aside = f"{old}_aside"
            todo[aside] = new
            moves.append((old, aside))
        else:
            moves.append((old, todo.pop(old)))
    return moves


def _text(statement: DDLElement, dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect)).strip()
