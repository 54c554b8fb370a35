"""What stands in an SQLite database around the tables of a unit, as it will be once its renames are done.

SQLite itself rewrites views, triggers, indexes and foreign keys when something is renamed. So renames are rehearsed on
a copy of the schema in memory, without rows, and what they lead to is read there. The database itself is only read.
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from core.migration.schema.read import read_tables
from core.migration.schema.tokens import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.model import UnitPlan
    from core.migration.state import TableState

_MASTER = """
SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 WHEN 'view' THEN 3 ELSE 4 END, rowid
"""
_REFERENCES = """
SELECT m.name, f.id, f."from", f."table", f."to", f.seq FROM sqlite_master m, pragma_foreign_key_list(m.name) f
WHERE m.type = 'table'
"""
# What SQLite says of the view or trigger that keeps it from renaming something.
_IN_THE_WAY = re.compile(r"error in (?:view|trigger) (.+?)(?: after \w+)?: ", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of sqlite_master: `kind` is table, index, view or trigger; `table` what an index or a trigger is on."""

    kind: str
    name: str
    table: str
    sql: str

    @property
    def drop(self) -> str:
        """The statement that removes it, unless it went with its view."""
        return f"DROP {self.kind.upper()} IF EXISTS {quoted(self.name)}"


@dataclass(frozen=True, slots=True)
class Reference:
    """A column of the foreign key number `key`. `target_column` None: the one at `position` in the primary key."""

    table: str
    key: int
    column: str
    target: str
    target_column: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Schema:
    """The schema after the renames. `broken` have to be out of their way: they do not compile, as others left them."""

    tables: Mapping[str, TableState]
    entries: Sequence[Entry]
    references: Sequence[Reference]
    broken: Sequence[Entry] = field(default=())

    def triggers(self, table: str) -> list[Entry]:
        """The triggers on `table`."""
        return [e for e in self.entries if e.kind == "trigger" and e.table.lower() == table.lower()]

    def referring(self, target: str) -> list[Reference]:
        """The columns of foreign keys that refer to the table `target`."""
        return [reference for reference in self.references if reference.target.lower() == target.lower()]

    def unused_name(self, wish: str) -> str:
        """A name that nothing has, `wish` if it can be."""
        return free_name(wish, (entry.name for entry in self.entries))


def look(connection: Connection, unit: UnitPlan, *, names: Iterable[str], renames: Sequence[str]) -> Schema:
    """Read what there is around the tables `names`, which they have once `renames` are done."""
    entries = _entries(connection)
    if not renames:
        tables = {name: unit.live[name] for name in names if name in unit.live}
        return Schema(tables, entries, _references(connection))
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with closing(engine.connect()) as copy:
            _build(copy, entries, needed={*names, *unit.live})
            return _rehearsed(copy, names=set(names), renames=renames)
    finally:
        engine.dispose()


def _build(copy: Connection, entries: Iterable[Entry], *, needed: set[str]) -> None:
    """Make everything again, as far as it can be made: a virtual table may need a module that only the bot has."""
    for entry in entries:
        error = _try(copy, entry.sql)
        if error is not None and entry.kind == "table" and entry.name in needed:
            raise error


def _rehearsed(copy: Connection, *, names: set[str], renames: Sequence[str]) -> Schema:
    broken: list[Entry] = []
    for rename in renames:
        while (error := _try(copy, rename)) is not None:
            broken += _take_out(copy, error)
    return Schema(read_tables(copy, names), _entries(copy), _references(copy), tuple(broken))


def _take_out(copy: Connection, error: DBAPIError) -> list[Entry]:
    """Remove what does not compile, with the triggers on it; raises `error` if that is not what is wrong."""
    found = _IN_THE_WAY.match(str(error.orig))
    there = _entries(copy)
    entry = next((e for e in there if found and e.kind in ("view", "trigger") and e.name == found[1]), None)
    if entry is None:
        raise error
    _try(copy, entry.drop)
    return [entry, *(e for e in there if e.kind == "trigger" and e.table == entry.name and e is not entry)]


def _try(connection: Connection, sql: str) -> DBAPIError | None:
    try:
        connection.exec_driver_sql(sql)
    except DBAPIError as error:
        return error
    return None


def _entries(connection: Connection) -> list[Entry]:
    return [Entry(*row) for row in connection.exec_driver_sql(_MASTER)]


def _references(connection: Connection) -> list[Reference]:
    return [Reference(*row) for row in connection.exec_driver_sql(_REFERENCES)]


def free_name(wish: str, taken: Iterable[str]) -> str:
    """A name that is none of `taken`, `wish` if it can be."""
    names = {name.lower() for name in taken}
    return next(name for name in _numbered(wish) if name.lower() not in names)


def _numbered(wish: str) -> Iterator[str]:
    yield wish
    number = 2
    while True:
        yield f"{wish}_{number}"
        number += 1
