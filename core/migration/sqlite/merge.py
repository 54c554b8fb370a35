"""Statements that carry values from one SQLite table into another: late renames, and keys that others refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.migration.casts import cast as casts
from core.migration.planner.defaults import fill_of
from core.migration.schema.meanings import meaning_of_text
from core.migration.schema.tokens import quoted
from core.migration.sqlite.ddl import columns_of
from core.migration.statements import Sql
from core.migration.steps import ConvertColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Column, Connection

    from core.migration.meaning import Meaning
    from core.migration.model import UnitPlan
    from core.migration.sqlite.schema import Schema
    from core.migration.state import TableState
    from core.migration.steps import MergeTable, Step


def merge(connection: Connection, unit: UnitPlan, step: MergeTable) -> Sql:
    """Copy the rows of the old table whose keys the new one does not have.

    A row that any constraint of the new table refuses stays where it is, and so does one whose key does not convert.
    """
    wanted = unit.wanted[step.table]
    pairs = ((column, _merged(connection, unit, step, column)) for column in wanted.table.columns)
    values = {column.name: value for column, value in pairs if value is not None}
    with_key = " AND ".join(f"({values[key]}) IS NOT NULL" for key in wanted.state.primary_key if key in values)
    return Sql(
        f"INSERT OR IGNORE INTO {quoted(step.table)} ({columns_of(values)}) SELECT {', '.join(values.values())} "
        f"FROM {quoted(step.old)} WHERE {with_key or 'TRUE'}",
        step.table,
        rows=True,
    )


def _merged(connection: Connection, unit: UnitPlan, step: MergeTable, column: Column[Any]) -> str | None:
    """The value of a column for a row of the old table; None if the database gives it one."""
    wanted, name = unit.wanted[step.table], column.name
    state = next(found for found in wanted.state.columns if found.name == name)
    fill = fill_of(column, state, connection.dialect, required=False).sql
    old = step.columns.get(name)
    if old is None or state.computed:
        return None if state.computed else fill
    before, members = _meaning(unit, step.old, old), step.members.get(name, {})
    value = casts.cast_sql(connection, quoted(old), before, wanted.meanings[name], members=members).value
    return value if state.nullable or fill is None else f"coalesce({value}, {fill})"


def _meaning(unit: UnitPlan, table: str, column: str) -> Meaning:
    """What the values of a column of the old table mean: as recorded, else what its type says."""
    record = unit.records.get(table)
    if record is not None and column in record.meanings:
        return record.meanings[column]
    state = unit.live.get(table)
    found = state.column(column) if state else None
    return meaning_of_text(found.type if found else "", "sqlite")


def follow(
    connection: Connection, schema: Schema, steps: Sequence[Step], *, states: dict[str, TableState]
) -> Iterator[Sql]:
    """Let columns that refer to a converted key, and that no step converts, go on referring to the same rows.

    They belong to modules that are off. A value that does not convert refers to a row that could not either.
    """
    converted = {(step.table, step.column) for step in steps if isinstance(step, ConvertColumn)}
    for step in steps:
        if not isinstance(step, ConvertColumn):
            continue
        for reference in schema.referring(step.table):
            target = reference.target_column or states[step.table].primary_key[reference.position]
            if target != step.column or (reference.table, reference.column) in converted:
                continue
            column = quoted(reference.column)
            cast = casts.cast_sql(connection, column, step.before, step.after, members=step.members)
            value = f"coalesce({cast.value}, {column})"
            update = f"UPDATE {quoted(reference.table)} SET {column} = {value} WHERE {column} IS NOT NULL"
            yield Sql(update, reference.table, rows=True)
