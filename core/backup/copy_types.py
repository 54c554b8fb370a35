"""What a table becomes on the other database: by the model that wants it there, or by what its columns mean. Pure.

A table, or a column, that no running module has is given plain types that hold its values; should a module take it up
again, the next start makes of them what it wants.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, String, Text

from core.migration.ledger.leftovers import type_of
from core.migration.meaning import Kind, Meaning
from core.migration.schema.meanings import meaning_of, meaning_of_text
from core.migration.state import ColumnState, ConstraintKind, ConstraintState, IndexState, TableState
from core.migration.steps import AddConstraint, AddIndex, ConvertColumn, Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

    from core.migration.model import TableRecord, WantedTable

_PLAIN_INDEX = re.compile(r"(?:USING btree )?\((?P<columns>[^()]*)\)")
_CLEAN = re.compile(r" ON CONFLICT \w+")
_CARRIED = (ConstraintKind.PRIMARY, ConstraintKind.UNIQUE, ConstraintKind.FOREIGN)


@dataclass(frozen=True, slots=True)
class ColumnCopy:
    """A column that is copied: what it means here and there."""

    name: str
    before: Meaning
    after: Meaning


@dataclass(frozen=True, slots=True)
class TableCopy:
    """A table on its way: what it is to be, and the columns whose values go along; computed ones do not.

    `numbered` is the column that numbered itself, None if none did. `left_out` says what the target does not get.
    """

    name: str
    state: TableState
    columns: tuple[ColumnCopy, ...]
    meanings: Mapping[str, Meaning]
    numbered: str | None = None
    left_out: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """The columns by which messages name a row."""
        return self.state.primary_key


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a table: as it is here, as a model wants it here and there, what waits, and what is recorded."""

    live: TableState
    here: WantedTable | None
    there: WantedTable | None
    waiting: tuple[Step, ...]
    record: TableRecord | None


def table_copy(known: Known, source: Dialect, target: Dialect) -> TableCopy:
    """What the table becomes on `target`."""
    befores = _meanings(known, source)
    waiting = {step.column for step in known.waiting if isinstance(step, ConvertColumn)}
    states, afters = [], {}
    for column in known.live.columns:
        state, meaning = _column(known, column, befores[column.name], waiting, target)
        states.append(state)
        afters[column.name] = meaning
    numbered = _numbered(known, source)
    bare = TableState(known.live.name, tuple(states))
    table, left_out = (
        _completed(known, known.there.state, bare) if known.there else _plain(known, bare, numbered, target)
    )
    columns = tuple(ColumnCopy(s.name, befores[s.name], afters[s.name]) for s in states if s.computed is None)
    return TableCopy(table.name, table, columns, afters, numbered, left_out)


def _meanings(known: Known, dialect: Dialect) -> dict[str, Meaning]:
    """What the columns mean here; the type on disk counts where a conversion waits."""
    recorded = known.record.meanings if known.record else {}
    modelled = known.here.meanings if known.here else {}
    waiting = {step.column: step.before for step in known.waiting if isinstance(step, ConvertColumn)}
    given = {**recorded, **modelled, **waiting}
    return {
        column.name: given.get(column.name) or meaning_of_text(column.type, dialect.name)
        for column in known.live.columns
    }


def _column(
    known: Known, live: ColumnState, before: Meaning, waiting: set[str], target: Dialect
) -> tuple[ColumnState, Meaning]:
    wanted = known.there.state.column(live.name) if known.there else None
    if known.there is None or wanted is None or live.name in waiting:
        type_ = _type(before)
        after = replace(meaning_of(type_, target), decorator=before.decorator)
        return ColumnState(live.name, str(type_.compile(dialect=target)), nullable=live.nullable), after
    nullable = wanted.nullable or (live.nullable and not _is_key(known, live.name))
    if wanted.computed is not None and live.computed is None:
        wanted = replace(wanted, computed=None)
    return replace(wanted, nullable=nullable), known.there.meanings[live.name]


def _is_key(known: Known, column: str) -> bool:
    # SQLite lets the columns of a key be NULL, and shows them so.
    return column in known.live.primary_key


def _type(meaning: Meaning) -> TypeEngine[Any]:
    """A type that both databases have and that holds every value of `meaning`."""
    if meaning.kind is Kind.INTEGER:
        return BigInteger()  # an INTEGER of SQLite has 64 bits
    if meaning.kind in (Kind.ARRAY, Kind.OTHER):
        return Text()
    if meaning.kind is Kind.ENUM:
        return String()
    return type_of(meaning)


def _numbered(known: Known, source: Dialect) -> str | None:
    key = known.live.primary_key
    column = known.live.column(key[0]) if len(key) == 1 else None
    if column is None:
        return None
    if source.name == "sqlite":
        is_rowid = column.type.upper() == "INTEGER" and "WITHOUT ROWID" not in known.live.options
        return column.name if is_rowid else None
    return column.name if column.default == "serial" or column.identity else None


# --- tables of running modules ---


def _completed(known: Known, wanted: TableState, state: TableState) -> tuple[TableState, tuple[str, ...]]:
    """The model's table with what waits left out, and with what of others there is here listed."""
    later = [step.constraint for step in known.waiting if isinstance(step, AddConstraint)]
    indexes = {step.index.name for step in known.waiting if isinstance(step, AddIndex)}
    constraints = tuple(c for c in wanted.constraints if not any(_are_alike(c, other) for other in later))
    state = replace(
        state,
        constraints=constraints,
        indexes=tuple(index for index in wanted.indexes if index.name not in indexes),
        comment=wanted.comment,
        options=wanted.options,
    )
    return state, _foreign_objects(known)


def _are_alike(one: ConstraintState, other: ConstraintState) -> bool:
    """Whether they are the same constraint, on one database and on the other."""
    if one.kind is not other.kind or one.columns != other.columns:
        return False
    return one.kind is not ConstraintKind.CHECK or one.name == other.name


def _foreign_objects(known: Known) -> tuple[str, ...]:
    own = {index.name for index in known.here.state.indexes} if known.here else set()
    return tuple(f"index {index.name} on {known.live.name}" for index in known.live.indexes if index.name not in own)


# --- tables of nobody who runs ---


def _plain(
    known: Known, state: TableState, numbered: str | None, target: Dialect
) -> tuple[TableState, tuple[str, ...]]:
    """The table with the keys that every database has; what is written in a database's own words stays out."""
    live = known.live
    kept = [
        replace(c, definition=_CLEAN.sub("", c.definition), name=c.name if c.name else None)
        for c in live.constraints
        if c.kind in _CARRIED
    ]
    left_out = [f"{c.kind} of {live.name}: {c.definition}" for c in live.constraints if c.kind not in _CARRIED]
    indexes = []
    for index in live.indexes:
        made = _plain_index(index, live.name)
        if made is None:
            left_out.append(f"index {index.name} on {live.name}")
        else:
            indexes.append(made)
    columns = tuple(_numbering(column, target) if column.name == numbered else column for column in state.columns)
    return replace(state, columns=columns, constraints=tuple(kept), indexes=tuple(indexes)), tuple(left_out)


def _numbering(column: ColumnState, target: Dialect) -> ColumnState:
    if target.name == "sqlite":
        return replace(column, type="INTEGER", nullable=False)
    return replace(column, type="bigint", default="serial", nullable=False)


def _plain_index(index: IndexState, table: str) -> IndexState | None:
    found = _PLAIN_INDEX.fullmatch(index.definition)
    if found is None or len(found["columns"].split(",")) != len(index.columns):
        return None
    columns = ", ".join(map(quoted, index.columns))
    kind = "UNIQUE INDEX" if index.unique else "INDEX"
    return replace(index, sql=f"CREATE {kind} {quoted(index.name)} ON {quoted(table)} ({columns})")


def names(columns: Sequence[str]) -> str:
    """The columns as a list in SQL."""
    return ", ".join(map(quoted, columns))


def quoted(name: str) -> str:
    """A name as SQL writes it, on both databases."""
    return '"' + name.replace('"', '""') + '"'
