"""The statements that change one SQLite table: in place where ALTER TABLE and UPDATE do it, else by one rebuild."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.migration.schema.tokens import quoted
from core.migration.sqlite.ddl import AUTOINCREMENT, WITHOUT_ROWID, columns_of, create_table, text
from core.migration.statements import Sql

if TYPE_CHECKING:
    from core.migration.sqlite.values import Values
    from core.migration.state import TableState
    from core.migration.statements import Statement


def change(values: Values) -> list[Statement]:
    """Change the table in place."""
    work = values.work
    made = [Sql(index.sql) for index in work.target.indexes if index not in work.current.indexes]
    return [*values.before, *_update(values), *made, *values.after]


def _update(values: Values) -> list[Statement]:
    changed = {name: value for name, value in values.expressions.items() if value != quoted(name)}
    if not changed:
        return []
    name = values.work.name
    sets = ", ".join(f"{quoted(column)} = {value}" for column, value in changed.items())
    # Not as the column's own collation has it: of names that differ in case, it takes one for the other.
    where = " OR ".join(f"{quoted(column)} IS NOT ({value}) COLLATE BINARY" for column, value in changed.items())
    return [Sql(f"UPDATE {quoted(name)} SET {sets} WHERE {where}", name, rows=True)]


def rebuild(values: Values, new: str) -> list[Statement]:
    """Make the table anew as `new`, which then takes its place; indexes come when all rows are there.

    PRAGMA legacy_alter_table has to be on: what refers to the table by its name shall go on doing so.
    """
    name, target = values.work.name, values.work.target
    return [
        *values.before,
        Sql(create_table(target, new)),
        Sql(_copy(values, new), name, rows=True),
        *values.between,
        *_counter(target, name, new),
        Sql(f"DROP TABLE {quoted(name)}"),
        Sql(f"ALTER TABLE {quoted(new)} RENAME TO {quoted(name)}"),
        *(Sql(index.sql) for index in target.indexes),
        *values.after,
    ]


def _copy(values: Values, new: str) -> str:
    order = _row_order(values.work.current)
    pairs = {column.name: values.of(column.name) for column in values.work.target.columns if column.computed is None}
    if values.numbered is not None:
        if is_rowid(values.work.target, values.numbered):
            del pairs[values.numbered]  # SQLite numbers the rows as they come
        else:
            pairs[values.numbered] = f"row_number() OVER (ORDER BY {order})"
    # OR ABORT: a constraint that says ON CONFLICT IGNORE must not lose a row here.
    return (
        f"INSERT OR ABORT INTO {quoted(new)} ({columns_of(pairs)}) SELECT {', '.join(pairs.values())} "
        f"FROM {quoted(values.work.name)} ORDER BY {order}"
    )


def is_rowid(state: TableState, column: str) -> bool:
    """Whether the column is another name for the row's number."""
    found = state.column(column)
    is_integer = found is not None and found.type.upper() == "INTEGER"
    return is_integer and state.primary_key == (column,) and WITHOUT_ROWID not in state.options


def _row_order(state: TableState) -> str:
    """What the rows lie in the order of."""
    if WITHOUT_ROWID in state.options:
        return columns_of(state.primary_key)
    taken = {name.lower() for name in state.column_names}
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), "1")


def _counter(target: TableState, name: str, new: str) -> list[Statement]:
    """Let AUTOINCREMENT go on where it was, also when the last rows are gone; it goes with the table's new name."""
    if AUTOINCREMENT not in target.options or not target.primary_key:
        return []
    known = f"SELECT seq FROM sqlite_sequence WHERE name = {text(name)}"
    highest = f"SELECT max({quoted(target.primary_key[0])}) FROM {quoted(new)}"
    return [
        Sql(f"DELETE FROM sqlite_sequence WHERE name = {text(new)}"),
        Sql(
            f"INSERT INTO sqlite_sequence (name, seq) SELECT {text(new)}, max(seq) "
            f"FROM ({known} UNION ALL {highest}) HAVING max(seq) IS NOT NULL"
        ),
    ]
