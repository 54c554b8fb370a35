"""The query that shows the foreign keys which a migration of SQLite tables would break. It repairs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from core.migration.schema.tokens import quoted
from core.migration.sqlite.ddl import text
from core.migration.state import ConstraintKind
from core.migration.statements import Sql
from core.migration.steps import AddConstraint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.sqlite.schema import Schema
    from core.migration.state import TableState
    from core.migration.steps import Step


def check(
    connection: Connection,
    schema: Schema,
    *,
    targets: Mapping[str, TableState],
    former: Mapping[str, str],
    steps: Sequence[Step],
) -> list[Sql]:
    """Count the rows that break a foreign key of the tables `targets`, or one that refers to them.

    It works before and after: `former` are the tables' names before, by those after. Each row that is too many is a
    row of its own, so that a database which had some before may keep them. Keys that old rows need not keep, and
    those that SQLite cannot check because what they refer to is not unique, are left out.
    """
    referring = {reference.table for name in targets for reference in schema.referring(name)}
    names = [
        name
        for name in dict.fromkeys([*targets, *sorted(referring)])
        if _is_checkable(connection, schema, former.get(name, name), name, targets)
    ]
    if not names:
        return []
    everything = {*names, *(former.get(name, name) for name in names)}
    return [
        Sql(
            _QUERY.format(
                table=_old_name('c."table"', former),
                parent=_old_name("c.parent", former),
                names=", ".join(map(text, sorted(everything))),
                unless="".join(f" AND NOT ({condition})" for condition in _not_validated(steps)),
            )
        )
    ]


_QUERY = """SELECT {table}, {parent}, row_number() OVER (PARTITION BY c."table", c.parent)
FROM sqlite_master m, pragma_foreign_key_check(m.name) c, pragma_foreign_key_list(m.name) k
WHERE m.type = 'table' AND m.name IN ({names}) AND k.id = c.fkid AND k.seq = 0{unless}"""


def _old_name(sql: str, former: Mapping[str, str]) -> str:
    if not former:
        return sql
    return (
        f"CASE {sql} "
        + " ".join(f"WHEN {text(new)} THEN {text(old)}" for new, old in former.items())
        + f" ELSE {sql} END"
    )


def _not_validated(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        if isinstance(step, AddConstraint) and step.constraint.kind is ConstraintKind.FOREIGN and not step.validate:
            column, target = step.constraint.columns[0], step.constraint.target or ""
            yield f'c."table" = {text(step.table)} AND c.parent = {text(target)} AND k."from" = {text(column)}'


def _is_checkable(
    connection: Connection, schema: Schema, old: str, new: str, targets: Mapping[str, TableState]
) -> bool:
    """Whether SQLite will say which rows break a key of the table, instead of that the key makes no sense."""
    try:
        connection.exec_driver_sql(f"EXPLAIN PRAGMA foreign_key_check({quoted(old)})")
    except DBAPIError:
        return False
    return all(_is_key(targets.get(target), columns) for target, columns in _keys(new, schema, targets))


def _keys(table: str, schema: Schema, targets: Mapping[str, TableState]) -> list[tuple[str, tuple[str, ...]]]:
    """What the foreign keys of a table refer to: table and columns, none for the primary key."""
    state = targets.get(table)
    if state is not None:
        foreign = (c for c in state.constraints if c.kind is ConstraintKind.FOREIGN)
        return [(c.target or "", c.target_columns) for c in foreign]
    own = [reference for reference in schema.references if reference.table == table]
    return [
        (target, tuple(r.target_column for r in own if r.key == key and r.target_column is not None))
        for key, target in {(r.key, r.target) for r in own}
    ]


def _is_key(state: TableState | None, columns: tuple[str, ...]) -> bool:
    """Whether the columns are unique in a table; a table that is not changed is asked by SQLite itself."""
    if state is None:
        return True
    wanted = {column.lower() for column in columns or state.primary_key}
    keys = [c.columns for c in state.constraints if c.kind in (ConstraintKind.PRIMARY, ConstraintKind.UNIQUE)]
    keys += [index.columns for index in state.indexes if index.unique and " WHERE " not in index.definition]
    return any({column.lower() for column in key} == wanted for key in keys)
