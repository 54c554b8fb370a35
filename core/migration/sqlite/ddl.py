"""SQLite's DDL as text, out of a table's state: CREATE TABLE, and columns to add. It looks at no database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.migration.schema.tokens import quoted
from core.migration.state import ConstraintKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.migration.state import ColumnState, ConstraintState, TableState

AUTOINCREMENT = "AUTOINCREMENT"
WITHOUT_ROWID = "WITHOUT ROWID"
_AFTER_THE_TABLE = {WITHOUT_ROWID, "STRICT"}
# Any other type has to be quoted to be taken as it is.
_PLAIN_TYPE = re.compile(r"[\w ]*(?:\([\w ,.+-]*\))?")
_CONSTANT = re.compile(r"[^(].*", re.DOTALL)


def create_table(state: TableState, name: str) -> str:
    """The statement that creates a table like `state`, without its indexes, under another name."""
    inline = AUTOINCREMENT in state.options
    key = state.primary_key[:1] if inline else ()
    lines = [
        column_definition(column, conflict=_conflict(state, column.name)) + _autoincrement(column.name in key)
        for column in state.columns
    ]
    lines += [_constraint(c) for c in state.constraints if not (inline and c.kind is ConstraintKind.PRIMARY)]
    options = ", ".join(option for option in state.options if option in _AFTER_THE_TABLE)
    body = ",\n\t".join(lines)
    return f"CREATE TABLE {quoted(name)} (\n\t{body}\n)" + (f" {options}" if options else "")


def column_definition(column: ColumnState, *, conflict: str = "") -> str:
    """A column as it stands in CREATE TABLE and ADD COLUMN; `conflict` is what stands behind its NOT NULL."""
    kind = column.type if _PLAIN_TYPE.fullmatch(column.type) else quoted(column.type)
    parts = [
        quoted(column.name),
        kind,
        f"COLLATE {quoted(column.collation)}" if column.collation else "",
        f"DEFAULT {column.default}" if column.default is not None else "",
        "" if column.nullable else f"NOT NULL{conflict}",
        f"GENERATED ALWAYS AS {column.computed}" if column.computed else "",
    ]
    return " ".join(part for part in parts if part)


def can_be_added(column: ColumnState) -> bool:
    """Whether ADD COLUMN can do it on a table that has rows."""
    if column.computed is not None:
        return column.computed.endswith("VIRTUAL") and column.nullable
    return is_constant(column.default) if column.default is not None else column.nullable


def is_constant(default: str) -> bool:
    """Whether every row gets the same of this default, whenever it is asked."""
    return _CONSTANT.fullmatch(default) is not None and not default.upper().startswith("CURRENT_")


def columns_of(names: Iterable[str]) -> str:
    """The names as a list in SQL."""
    return ", ".join(map(quoted, names))


def text(value: str) -> str:
    """The value as a literal."""
    return "'" + value.replace("'", "''") + "'"


def _constraint(constraint: ConstraintState) -> str:
    name = f"CONSTRAINT {quoted(constraint.name)} " if constraint.name else ""
    return name + constraint.definition


def _autoincrement(is_key: bool) -> str:
    return f" PRIMARY KEY {AUTOINCREMENT}" if is_key else ""


def _conflict(state: TableState, column: str) -> str:
    """What becomes of a NULL in a NOT NULL column: one of the table's options is `NOT NULL ON CONFLICT x: column`."""
    found = (option.partition(": ") for option in state.options if option.startswith("NOT NULL"))
    return next((how.removeprefix("NOT NULL") for how, _, name in found if name == column), "")
