"""A table of the model beside the one on disk that it is, both under the names that they will have. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from core.migration.planner.defaults import makes_itself
from core.migration.planner.rewrite import quoted, renamed_constraint, renamed_index, substituted
from core.migration.schema.meanings import meaning_of_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Dialect

    from core.migration.meaning import Meaning
    from core.migration.model import TableRecord, WantedTable
    from core.migration.planner.renames import Renames
    from core.migration.state import ColumnState, ConstraintState, TableState

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Origin:
    """A column on disk whose values are those of a column of the model, or shall be. `record` is that of its table."""

    table: TableState
    column: ColumnState
    record: TableRecord | None

    @property
    def is_known(self) -> bool:
        """Whether a record says what its values are."""
        return self.record is not None and self.column.name in self.record.meanings

    def meaning(self, dialect: Dialect) -> Meaning:
        """What its values mean: what the record says, unless the type was changed by hand since."""
        if self.record is not None and (recorded := self.record.meanings.get(self.column.name)) is not None:
            state = self.record.state.column(self.column.name)
            if state is None or state.type == self.column.type:
                return recorded
        return meaning_of_text(self.column.type, dialect.name)


@dataclass(frozen=True, slots=True)
class Match:
    """A table of the model and what there is of it.

    `live` is as the database shows it, `now` and `record` are the same under the names that they will have. `live` is
    None if the table has to be created. `columns` are the renamed ones, new -> old name; `fills` the columns whose
    former name was declared late; `merge` is the table on disk that bears the table's own, late declared, former name,
    `merge_record` what is recorded of it. `taken` are the names of all tables, indexes and keys on disk. `seen` has,
    by table and column on disk, the members of enums that rows hold, where nothing else tells what they were.
    """

    wanted: WantedTable
    live: TableState | None = None
    now: TableState | None = None
    record: TableRecord | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    fills: Mapping[str, str] = field(default_factory=dict)
    merge: TableState | None = None
    merge_record: TableRecord | None = None
    taken: frozenset[str] = frozenset()
    seen: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_renamed(self) -> bool:
        """Whether the table, or any of its columns, has another name on disk."""
        return bool(self.columns) or (self.live is not None and self.live.name != self.name)

    @property
    def name(self) -> str:
        """The name that the table will have."""
        return self.wanted.state.name

    def refers_to(self, table: str) -> bool:
        """Whether the model has a foreign key from this table to the other one."""
        return self.live is not None and any(table == c.target for c in self.wanted.state.constraints)

    def on_disk(self, column: str) -> str:
        """The name that the column has on disk now."""
        return self.columns.get(column, column)

    def present(self, column: str) -> Origin | None:
        """The column as it is on disk; None if it is not there."""
        return _origin(self.now, column, self.record)

    def former(self, column: str) -> Origin | None:
        """The column's former self in this table, if that was declared late."""
        return _origin(self.now, self.fills.get(column), self.record)

    def merged(self, column: str) -> Origin | None:
        """The column's former self in the former table, if that was declared late."""
        return _origin(self.merge, self.merged_columns.get(column), self.merge_record)

    @property
    def merged_columns(self) -> dict[str, str]:
        """The columns whose values can come from the former table, and what they are called there."""
        names = {
            column.name: (column.name, *self.wanted.column_was.get(column.name, ()))
            for column in self.wanted.state.columns
            if not column.computed
        }
        there = set(self.merge.column_names) if self.merge else set()
        found = {name: next((old for old in olds if old in there), None) for name, olds in names.items()}
        return {name: old for name, old in found.items() if old is not None}

    def is_made(self, column: str) -> bool:
        """Whether the database itself will give the column its values."""
        state = self.wanted.state.column(column)
        model = next(given for given in self.wanted.table.columns if given.name == column)
        return state is not None and makes_itself(model, state)


def _origin(table: TableState | None, column: str | None, record: TableRecord | None) -> Origin | None:
    state = table.column(column) if table and column else None
    return Origin(table, state, record) if table and state else None


def matches(
    wanted: Mapping[str, WantedTable],
    live: Mapping[str, TableState],
    records: Mapping[str, TableRecord],
    *,
    renames: Renames,
    renaming: Renaming,
) -> dict[str, Match]:
    """Each table of the model with its counterpart, by the name that it will have."""
    found: dict[str, Match] = {}
    taken = frozenset(_names(live.values()))
    for name, table in wanted.items():
        source = renames.tables.get(name, name)
        state = live.get(source)
        if state is None or renaming.tables.get(source, name) != name:
            found[name] = Match(table)
            continue
        record = records.get(source)
        merge = renames.merges.get(name)
        found[name] = Match(
            wanted=table,
            live=state,
            now=renaming.table(state),
            record=record and renaming.record(record),
            columns=renames.columns.get(name, {}),
            fills=renames.fills.get(name, {}),
            merge=live[merge] if merge else None,
            merge_record=records.get(merge) if merge else None,
            taken=taken,
        )
    return found


def _names(tables: Iterable[TableState]) -> Iterator[str]:
    for table in tables:
        yield table.name
        yield from (index.name for index in table.indexes)
        yield from (constraint.name for constraint in table.constraints if constraint.name)


def renaming_of(renames: Renames, dialect: Dialect) -> Renaming:
    """What `renames` does to the states and records of tables."""
    columns = {renames.tables.get(table, table): _turned(names) for table, names in renames.columns.items()}
    return Renaming(_turned(renames.tables), columns, dialect)


def _turned(names: Mapping[str, str]) -> dict[str, str]:
    return {old: new for new, old in names.items()}


@dataclass(frozen=True, slots=True)
class Renaming:
    """All renames at once: tables old -> new name, columns by the old name of their table."""

    tables: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]
    dialect: Dialect

    def table(self, state: TableState) -> TableState:
        """The table as it will be shown after the renames."""
        if not self._concerns(state):
            return state
        columns = self.columns.get(state.name, {})
        return replace(
            state,
            name=self.tables.get(state.name, state.name),
            columns=tuple(self._column(column, columns) for column in state.columns),
            constraints=tuple(self._constraint(constraint, columns) for constraint in state.constraints),
            indexes=tuple(renamed_index(index, columns, dialect=self.dialect) for index in state.indexes),
        )

    def record(self, record: TableRecord) -> TableRecord:
        """What is recorded of a table, by its new names; its state shows what is unvalidated."""
        if not record.unvalidated and not self._concerns(record.state):
            return record
        columns = self.columns.get(record.name, {})
        marked = (replace(c, validated=c.definition not in record.unvalidated) for c in record.state.constraints)
        state = self.table(replace(record.state, constraints=tuple(marked)))
        return replace(
            record,
            name=self.tables.get(record.name, record.name),
            state=state,
            meanings=moved(record.meanings, columns),
            renamed=moved(record.renamed, columns),
            wrote=moved(record.wrote, columns),
            filled_from=moved(record.filled_from, columns),
            members=moved(record.members, columns),
            unvalidated=tuple(c.definition for c in state.constraints if not c.validated),
        )

    def _concerns(self, state: TableState) -> bool:
        targets = {constraint.target for constraint in state.constraints}
        return any(name in self.tables or name in self.columns for name in (state.name, *targets))

    def _column(self, column: ColumnState, columns: Mapping[str, str]) -> ColumnState:
        computed = column.computed and substituted(column.computed, quoted(columns, self.dialect), dialect=self.dialect)
        return replace(column, name=columns.get(column.name, column.name), computed=computed)

    def _constraint(self, constraint: ConstraintState, columns: Mapping[str, str]) -> ConstraintState:
        target = constraint.target
        return renamed_constraint(
            constraint,
            columns,
            target=self.tables.get(target, target) if target else None,
            target_columns=self.columns.get(target or "", {}),
            dialect=self.dialect,
        )


def moved(values: Mapping[str, _T], columns: Mapping[str, str]) -> dict[str, _T]:
    """`values` under new names; what was there under such a name before belongs to another column and is forgotten."""
    kept = {name: value for name, value in values.items() if name not in columns.values() or name in columns}
    return {columns.get(name, name): value for name, value in kept.items()}
