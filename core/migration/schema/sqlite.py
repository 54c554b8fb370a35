"""What an SQLite database shows of its tables, out of `sqlite_master`: one query, however many there are.

Texts are normalised: names as they are declared, quoted where they must be, and what SQLite takes for the same is the
same text. So a table that ALTER TABLE has changed equals one that was created like that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from core.migration.schema.sqlite_ddl import parse_index, parse_table
from core.migration.schema.tokens import Sort, Token, folded, named, spell
from core.migration.state import ColumnState, ConstraintKind, ConstraintState, IndexState, TableState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.schema.sqlite_ddl import ColumnText, ConstraintText, IndexText, TableText

_quote: Callable[[str], str] = SQLiteDialect().identifier_preparer.quote
# Names that mean a value where a default stands; any other is a text.
_CONSTANTS = {"TRUE", "FALSE", "CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"}
# Tables of SQLite's own and those behind a virtual table are nobody's to change.
_TABLES = """
SELECT m.type, m.tbl_name, m.sql FROM {master} m
WHERE m.sql IS NOT NULL AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND m.tbl_name IN
  (SELECT name FROM {master} WHERE type = 'table' AND sql LIKE 'CREATE TABLE%')
  AND m.type IN ('table', 'index')
"""


def table_names(connection: Connection, schema: str | None = None) -> set[str]:
    """The names of all ordinary tables, those of an attached database as `schema.name`."""
    rows = connection.exec_driver_sql(_TABLES.format(master=_master(schema)))
    return {_prefix(schema) + table for kind, table, _ in rows if kind == "table"}


def tables(connection: Connection, names: set[str] | None = None, *, schema: str | None = None) -> list[TableState]:
    """The tables `names`, None: all. Those of an attached database are named `schema.name`."""
    prefix = _prefix(schema)
    rows = connection.exec_driver_sql(_TABLES.format(master=_master(schema))).all()
    texts = _Texts({folded(table): sql for kind, table, sql in rows if kind == "table"})
    chosen = [table for kind, table, _ in rows if kind == "table" and (names is None or prefix + table in names)]
    indexes: dict[str, list[tuple[IndexText, str]]] = {name: [] for name in chosen}
    for kind, table, sql in rows:
        if kind == "index" and table in indexes:
            indexes[table].append((parse_index(sql), sql))
    return [_Spelling(texts[name], texts).state(prefix + name, indexes[name]) for name in chosen]


def _prefix(schema: str | None) -> str:
    return f"{schema}." if schema else ""


def _master(schema: str | None) -> str:
    return f"{_quote(schema)}.sqlite_master" if schema else "sqlite_master"


class _Texts:
    """The tables of a database by their names, each parsed when it is first asked for."""

    def __init__(self, ddl: Mapping[str, str]) -> None:
        self._ddl = ddl
        self._parsed: dict[str, TableText] = {}

    def __contains__(self, name: str) -> bool:
        return folded(name) in self._ddl

    def __getitem__(self, name: str) -> TableText:
        key = folded(name)
        if key not in self._parsed:
            self._parsed[key] = parse_table(self._ddl[key])
        return self._parsed[key]


class _Spelling:
    """Writes what stands in one table's text, with the names that its columns really have."""

    def __init__(self, table: TableText, texts: _Texts) -> None:
        self._table = table
        self._texts = texts
        self._columns = {folded(column.name): column.name for column in table.columns}
        self.key = next((c.columns for c in table.constraints if c.kind is ConstraintKind.PRIMARY), [])

    def state(self, name: str, indexes: Iterable[tuple[IndexText, str]]) -> TableState:
        """The table as a value, under `name`."""
        constraints = [self._constraint(constraint) for constraint in self._table.constraints]
        options = [f"NOT NULL{column.conflict}: {column.name}" for column in self._table.columns if column.conflict]
        return TableState(
            name,
            tuple(self._column(column) for column in self._table.columns),
            tuple(sorted(constraints, key=lambda c: (c.kind, c.columns, c.definition, c.name or ""))),
            tuple(sorted((self._index(*index) for index in indexes), key=lambda index: index.name)),
            options=tuple(["AUTOINCREMENT"] * self._table.autoincrement + self._table.options + options),
        )

    def _column(self, column: ColumnText) -> ColumnState:
        computed = None
        if column.computed:
            computed = f"({self._spell(column.computed)}) {'STORED' if column.stored else 'VIRTUAL'}"
        return ColumnState(
            column.name,
            column.type,
            nullable=column.nullable and not self._is_never_null(column),
            default=_default(column.default),
            computed=computed,
            collation=column.collation and column.collation.upper(),
        )

    def _is_never_null(self, column: ColumnText) -> bool:
        """Whether the column is a key that cannot be NULL; SQLite lets most keys be, if they are not NOT NULL."""
        if column.name not in self.names(self.key):
            return False
        return (column.type == "INTEGER" and len(self.key) == 1) or "WITHOUT ROWID" in self._table.options

    def _constraint(self, constraint: ConstraintText) -> ConstraintState:
        if constraint.kind is ConstraintKind.CHECK:
            columns = named(constraint.body, self._columns)
            definition = f"CHECK ({self._spell(constraint.body)})"
        elif constraint.kind is ConstraintKind.FOREIGN:
            return self._foreign_key(constraint)
        else:
            columns = tuple(self.names(constraint.columns))
            definition = f"{constraint.kind} ({self._spell(constraint.body)})"
        return ConstraintState(constraint.kind, columns, definition + constraint.suffix, constraint.name)

    def _foreign_key(self, constraint: ConstraintText) -> ConstraintState:
        columns = self.names(constraint.columns)
        target, target_columns = constraint.target or "", constraint.target_columns
        if target in self._texts:
            other = _Spelling(self._texts[target], self._texts)
            target, target_columns = self._texts[target].name, other.names(target_columns or other.key)
        there = f"{_quote(target)} ({_listed(target_columns)})"
        definition = f"FOREIGN KEY({_listed(columns)}) REFERENCES {there}{constraint.suffix}"
        return ConstraintState(
            constraint.kind, tuple(columns), definition, constraint.name, target, tuple(target_columns)
        )

    def _index(self, index: IndexText, sql: str) -> IndexState:
        where = f" WHERE {self._spell(index.where)}" if index.where else ""
        columns = named([*index.body, *index.where], self._columns)
        return IndexState(index.name, columns, f"({self._spell(index.body)}){where}", index.unique, sql)

    def names(self, names: Sequence[str]) -> list[str]:
        """`names` of columns as they are declared."""
        return [self._columns.get(folded(name), name) for name in names]

    def _spell(self, part: Sequence[Token]) -> str:
        return spell(_unqualified(part), self._name)

    def _name(self, token: Token) -> str | None:
        column = self._columns.get(folded(token.text))
        return None if column is None else _quote(column)


def _unqualified(part: Sequence[Token]) -> list[Token]:
    """`part` with `column` for `table.column`: the table may have had another name when that was written."""
    kept: list[Token] = []
    at = 0
    while at < len(part):
        if part[at].is_name and at + 2 < len(part) and part[at + 1].text == "." and part[at + 1].sort is Sort.SIGN:
            at += 2
        kept.append(part[at])
        at += 1
    return kept


def _default(part: Sequence[Token]) -> str | None:
    """A default that DDL takes as it is; None for NULL, which is the same as none at all."""
    inner = _without_parentheses(part)
    if not inner or inner[0].word == "NULL":
        return None
    if len(inner) == 1 and inner[0].is_name and inner[0].word not in _CONSTANTS:
        return "'" + inner[0].text.replace("'", "''") + "'"
    if len(inner) == 1:
        return inner[0].word or inner[0].text
    is_signed = len(inner) == 2 and inner[0].text in ("+", "-") and inner[1].sort is Sort.NUMBER
    return spell(inner) if is_signed else f"({spell(inner)})"


def _without_parentheses(part: Sequence[Token]) -> Sequence[Token]:
    while part and part[0].text == "(" and _closes_at_end(part):
        part = part[1:-1]
    return part


def _closes_at_end(part: Sequence[Token]) -> bool:
    """Whether the parenthesis at the beginning is closed by the one at the end."""
    depth = 0
    for at, token in enumerate(part):
        if token.sort is Sort.SIGN:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0:
            return at == len(part) - 1
    return False


def _listed(names: Sequence[str]) -> str:
    return ", ".join(_quote(name) for name in names)
