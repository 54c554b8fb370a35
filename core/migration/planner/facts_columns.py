"""What the rows say of a table and its columns, now and when the steps are done. It asks, and decides nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from core.migration.casts import cast as casts
from core.migration.kept import table as kept_table
from core.migration.kept import values as kept
from core.migration.meaning import Kind
from core.migration.planner.defaults import server_fill, tried
from core.migration.planner.probes import Evidence, Rows
from core.migration.planner.rewrite import substituted
from core.migration.planner.trials import raising
from core.migration.planner.values import Values, stored_by_sqlite
from core.migration.schema.tokens import folded, named, tokens
from core.migration.state import is_tied
from core.migration.steps import (
    AddColumn,
    AlterColumn,
    ConvertColumn,
    Fill,
    FillColumn,
    FillFromOld,
    MergeTable,
    Phase,
    RestoreKept,
    Source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.planner.matching import Match
    from core.migration.state import ColumnState, TableState
    from core.migration.steps import Step

KEPT_TABLE = "aha_kept"
# Between types of such a kind, a value that does not fit is only too long: the column can wait as it is.
_SIZED = {Kind.TEXT, Kind.BYTES, Kind.NUMERIC, Kind.FLOAT}
_WRITING = ConvertColumn | FillColumn | FillFromOld | RestoreKept
_NUMBERS = {Kind.INTEGER, Kind.NUMERIC, Kind.FLOAT}


class ColumnFacts:
    """What can be asked of a table that is on disk, and of its columns, while its `steps` are judged.

    `steps` are these with their defaults tried out: what cannot be called, or has no rows to fill, is none.
    """

    def __init__(
        self,
        connection: Connection,
        match: Match,
        steps: Sequence[Step],
        *,
        live: Mapping[str, TableState],
        phase: Phase,
        others: Mapping[str, ColumnFacts],
    ) -> None:
        assert match.live is not None  # noqa: S101 - who has no rows needs no judge
        self.match = match
        self.phase = phase
        self._connection = connection
        self._live = live
        self._rows = Rows(connection, match.live, schema=match.wanted.table.schema)
        self._others = others
        self._tried: dict[str, Fill] = {}
        self._misfits: dict[str, Evidence] = {}
        self._restorable: dict[str, int] = {}
        self._uncomputable: dict[str, Evidence] = {}
        self.steps = [self._with_fill(step) for step in steps]
        self._values = Values(connection, match, self.steps)
        self._values = Values(connection, match, [step for step in self.steps if not self.waits(step)])

    # --- the table ---

    @property
    def source(self) -> str:
        """The table on disk, as it stands in SQL."""
        return self._rows.source

    @cached_property
    def rows(self) -> int:
        """How many rows the table has."""
        return self._rows.count

    @cached_property
    def is_merged(self) -> bool:
        """Whether rows of another table come in."""
        return any(isinstance(step, MergeTable) for step in self.steps)

    def merged_rows(self) -> int:
        """How many rows the table has whose rows come in."""
        return self._merged.count if self._merged else 0

    def twins(self) -> Evidence:
        """Those of its rows that stay there, because this table has rows with their keys."""
        same = list(self._keys_of_twins()) if self.rows else []
        if self._merged is None or not same:
            return Evidence()
        return self._merged.where(f"EXISTS (SELECT 1 FROM {self.source} AS aha_n WHERE {' AND '.join(same)})")

    def _keys_of_twins(self) -> Iterator[str]:
        """The conditions that a row of the other table has the key of one of this table, `aha_n`."""
        for key in self.match.wanted.state.primary_key:
            if self._merged is not None and (old := self.match.merged(key)) is not None:
                column = f"{self._merged.source}.{self._rows.quote(old.column.name)}"
                before, after = old.meaning(self._connection.dialect), self.match.wanted.meanings[key]
                value = casts.cast_sql(self._connection, column, before, after).value
                yield f"aha_n.{self._values.on_disk(key)} = {value}"

    @property
    def _merged(self) -> Rows | None:
        merge = self.match.merge
        return Rows(self._connection, merge, schema=self.match.wanted.table.schema) if merge else None

    def is_key(self, column: str) -> bool:
        """Whether the column belongs to the primary key, now or then."""
        states = (self.match.now, self.match.wanted.state)
        return any(state is not None and column in state.primary_key for state in states)

    def is_tied(self, column: str) -> bool:
        """Whether rows are found by the column, or others refer to it, so that one value cannot change alone."""
        states = (self.match.now, self.match.wanted.state)
        return any(state is not None and is_tied(state, column, self._live.values()) for state in states)

    def is_required(self, column: str) -> bool:
        """Whether the column may not be NULL, neither now nor then."""
        states = (self.match.now, self.match.wanted.state)
        found = [state.column(column) for state in states if state is not None]
        return all(state is not None and not state.nullable for state in found)

    def is_written(self, column: str) -> bool:
        """Whether the column is on disk with values that somebody wrote."""
        state = self.match.now.column(column) if self.match.now else None
        return state is not None and state.computed is None

    def _with_fill(self, step: Step) -> Step:
        if not isinstance(step, AddColumn | ConvertColumn | FillColumn) or step.fill.source is Source.NOTHING:
            return step
        if not self.rows:
            return replace(step, fill=Fill())
        return replace(step, fill=self._usable(step.column, step.fill))

    def _usable(self, column: str, fill: Fill) -> Fill:
        if fill.make is None:
            return fill
        if column not in self._tried:
            state = self.match.wanted.state.column(column)
            model = next(given for given in self.match.wanted.table.columns if given.name == column)
            usable = tried(fill, model, self._connection.dialect)
            self._tried[column] = usable or (server_fill(state) if state else fill)
        return self._tried[column]

    # --- columns ---

    def nulls(self, column: str) -> Evidence:
        """The rows that will have no value in the column."""
        state = self.match.wanted.state.column(column)
        is_numbered = state is not None and state.computed is None and self.match.is_made(column)
        if not self.rows or self._values.is_filled(column) or (is_numbered and self._is_new(column)):
            return Evidence()
        value = self._value(column) if state is not None and state.computed else self._values.sql(column)
        return Evidence(known=False) if value is None else self._rows.where(f"({value}) IS NULL")

    def without_value(self, column: str) -> Evidence:
        """The rows that have no value in the column now."""
        return self._rows.where(f"{self._values.on_disk(column)} IS NULL", keys=False) if self.rows else Evidence()

    def with_value(self, column: str) -> int:
        """How many rows have a value in the column now."""
        return self._rows.where(f"{self._values.on_disk(column)} IS NOT NULL", keys=False).rows if self.rows else 0

    def is_stored_alike(self, step: ConvertColumn) -> bool:
        """Whether type and values, as they are stored, already are what the conversion makes of them."""
        now = self.match.now.column(step.column) if self.match.now else None
        wanted = self.match.wanted.state.column(step.column)
        cast = self._values.cast(step)
        same_values = cast.total and cast.value == self._values.on_disk(step.column)
        return same_values and now is not None and wanted is not None and now.type == wanted.type

    def waits(self, step: Step) -> bool:
        """Whether it is a conversion to a shorter or less precise type that has to wait for some rows."""
        return isinstance(step, ConvertColumn) and _is_only_shorter(step) and not self.misfits(step).clean

    def misfits(self, step: ConvertColumn) -> Evidence:
        """The rows whose value cannot be converted."""
        if step.column not in self._misfits:
            cast = self._values.cast(replace(step, after=casts.without_type(step.after)))
            unfit = f"{self._values.on_disk(step.column)} IS NOT NULL AND ({cast.value}) IS NULL"
            self._misfits[step.column] = Evidence() if cast.total or not self.rows else self._rows.where(unfit)
        return self._misfits[step.column]

    def restorable(self, step: RestoreKept) -> int:
        """How many of the column's kept values fit it again and find their row without a value of its own."""
        if step.column not in self._restorable:
            self._restorable[step.column] = self._count_restorable(step)
        return self._restorable[step.column]

    def _count_restorable(self, step: RestoreKept) -> int:
        live = self.match.live
        if KEPT_TABLE not in self._live or live is None:
            return 0
        converted = (s.before for s in self.steps if isinstance(s, ConvertColumn) and s.column == step.column)
        return kept.fits(
            self._connection,
            live.name,
            self.match.on_disk(step.column),
            step.after,
            key=live.primary_key,
            wrote=self._recorded(step.column),
            present=next(converted, None),
            spelled=not self.is_tied(step.column),
        )

    def overtaken(self, step: RestoreKept) -> int:
        """How many of them would fit it, too, while their rows have been written since; asked if none goes back."""
        live = self.match.live
        if KEPT_TABLE not in self._live or live is None:
            return 0
        name, spelled = self.match.on_disk(step.column), not self.is_tied(step.column)
        return kept.overtaken(self._connection, live.name, name, step.after, key=live.primary_key, spelled=spelled)

    def wrote(self, column: str) -> tuple[str, ...]:
        """What migrations once wrote into the column's rows, as it will be, as SQL; none if nothing is known."""
        step = next((s for s in self.steps if isinstance(s, ConvertColumn) and s.column == column), None)
        if step is None:
            return self._recorded(column)
        return tuple(sql for sql, literal in self._converted(step) if literal is not None)

    def fillers(self, column: str) -> tuple[str, ...]:
        """What will be in rows of the column that have no value of their own: the same, and what is filled in now."""
        steps = [step for step in self.steps if isinstance(step, ConvertColumn | FillColumn) and step.column == column]
        now = [step.fill.written for step in steps if step.fill.written is not None and self._fills(step)]
        return (*self.wrote(column), *now)

    def still_written(self, step: ConvertColumn) -> tuple[str, ...]:
        """The same for a column that is converted, as literals."""
        found = (literal for _, literal in self._converted(step))
        return tuple(dict.fromkeys(literal for literal in found if literal is not None))

    def filled(self, step: ConvertColumn) -> tuple[str, ...]:
        """What migrations once wrote into the column's rows, as it is now; none if rows cannot be told apart."""
        if self.match.live is None or not self.match.live.primary_key:
            return ()
        is_typed = self._connection.dialect.name == "postgresql"
        wrote = (f"CAST({sql} AS {step.before.sql})" if is_typed else sql for sql in self._recorded(step.column))
        return tuple(literal for sql in wrote if (literal := self._rows.literal(sql)) is not None)

    def _recorded(self, column: str) -> tuple[str, ...]:
        return self.match.record.wrote.get(column, ()) if self.match.record else ()

    def _converted(self, step: ConvertColumn) -> Iterator[tuple[str, str | None]]:
        """Of what is recorded the SQL of what becomes of it, and that as a literal; None if it does not follow."""
        for literal in self._recorded(step.column):
            untyped = self._cast(replace(step, after=casts.without_type(step.after)), literal)
            yield self._cast(step, literal), self._rows.literal(untyped)

    def _cast(self, step: ConvertColumn, literal: str) -> str:
        typed, before = f"({stored_by_sqlite(literal, step.before.sql)})", step.before
        if self._connection.dialect.name == "postgresql":
            typed = f"CAST({literal} AS {before.sql})"
        if step.before.native:
            # By then the type may have lost the member, or be gone.
            member = self._connection.exec_driver_sql(f"SELECT CAST({typed} AS text)").scalar_one()
            typed, before = kept_table.literal(member), casts.without_type(step.before)
        return casts.cast_sql(self._connection, typed, before, step.after, members=step.members).value

    def fillable(self, step: FillFromOld) -> int:
        """How many rows get the value of a column whose new name was declared late."""
        if not self.rows:
            return 0
        free = self._values.is_free(step, self._values.on_disk(step.column))
        return self._rows.where(f"{free} AND {self._values.on_disk(step.old)} IS NOT NULL", keys=False).rows

    def written_since(self, step: FillFromOld) -> Evidence:
        """The rows that have a value of their own, another than the one that they would get, or get if it is stale."""
        if not self.rows:
            return Evidence()
        own, old = self._values.on_disk(step.column), self._values.old(step)
        is_own = "TRUE" if step.stale else f"NOT {self._values.is_free(step, own)}"
        return self._rows.where(f"{is_own} AND CAST({own} AS text) <> CAST({old} AS text)")

    def _is_new(self, column: str) -> bool:
        return self.match.now is not None and self.match.now.column(column) is None

    def uncomputable(self, column: str) -> Evidence:
        """The rows in whose way it is that the column, which is computed from now on or otherwise, raises an error."""
        if column not in self._uncomputable:
            state = self.match.wanted.state.column(column)
            is_asked = self.rows and state is not None and state.computed and self._is_computed_anew(state)
            self._uncomputable[column] = self._computing(state) if is_asked and state else Evidence()
        return self._uncomputable[column]

    def _computing(self, state: ColumnState) -> Evidence:
        value, meaning = self._computed(state), self.match.wanted.meanings[state.name]
        if value is None:
            return Evidence(known=False)
        is_typed = self._connection.dialect.name == "postgresql" and meaning.kind in _NUMBERS
        found = raising(self._rows, [f"CAST({value} AS {meaning.sql})" if is_typed else value])
        if found.clean and meaning.length and self._connection.dialect.name == "postgresql":
            return self._rows.where(f"char_length(rtrim(CAST({value} AS text))) > {meaning.length}")
        return found

    def is_emptied(self, column: str) -> bool:
        """Whether a computed column cannot stay as it is: what it is computed from changes so that it raises."""
        now = self.match.now.column(column) if self.match.now else None
        state = self.match.wanted.state.column(column)
        if now is None or state is None or not (now.computed and state.computed):
            return False
        return not self._written.isdisjoint(self._sources(state)) and self.uncomputable(column).rows > 0

    def _is_computed_otherwise(self, column: str) -> bool:
        """Whether the column is new, or its expression."""
        altered = (step for step in self.steps if isinstance(step, AlterColumn) and step.what == "computed")
        return self._is_new(column) or any(step.column == column for step in altered)

    @cached_property
    def _written(self) -> frozenset[str]:
        """The columns, but for computed ones, whose values change in rows that are there."""
        return frozenset(step.column for step in self.steps if isinstance(step, _WRITING) and self._rewrites(step))

    @cached_property
    def rewritten(self) -> frozenset[str]:
        """The columns whose values change in rows that are there."""
        if not self.rows:
            return frozenset()
        altered = {step.column for step in self.steps if isinstance(step, AlterColumn) and step.what == "computed"}
        changed = self._written | {column for column in altered if self.uncomputable(column).clean}
        computed = [column for column in self.match.wanted.state.columns if column.computed]
        return frozenset(changed | {c.name for c in computed if not changed.isdisjoint(self._sources(c))})

    def _rewrites(self, step: ConvertColumn | FillColumn | FillFromOld | RestoreKept) -> bool:
        if isinstance(step, ConvertColumn):
            return not (self.waits(step) or self.is_stored_alike(step))
        return not isinstance(step, RestoreKept) or self.restorable(step) > 0

    def _sources(self, state: ColumnState) -> tuple[str, ...]:
        """The columns that the expression of a computed column names; not itself, though `double` is a type's, too."""
        in_sqlite = self._connection.dialect.name == "sqlite"
        names = {folded(name): name for name in self.match.wanted.state.column_names if name != state.name}
        return named(tokens(state.computed or "", brackets=in_sqlite), names)

    def _value(self, column: str) -> str | None:
        """What the column will hold, as SQL; None if that cannot be said before it does."""
        state = self.match.wanted.state.column(column)
        if state is not None and state.computed and self._is_computed_anew(state):
            if not self.uncomputable(column).clean:
                is_empty = self._is_new(column) or self.is_emptied(column)
                return "NULL" if is_empty else self._values.on_disk(column)
            return self._computed(state)
        is_called = any(self._is_called(step) for step in self.steps if getattr(step, "column", None) == column)
        return None if is_called else self._values.sql(column)

    def _is_computed_anew(self, state: ColumnState) -> bool:
        return self._is_computed_otherwise(state.name) or not self._written.isdisjoint(self._sources(state))

    def _computed(self, state: ColumnState) -> str | None:
        """What the expression of a computed column will come to, as SQL; None if that cannot be said."""
        sources = self.known_values(self._sources(state))
        return None if sources is None else self._substituted((state.computed or "").rpartition(" ")[0], sources)

    def _is_called(self, step: Step) -> bool:
        """Whether rows get values of which nobody knows beforehand what they are."""
        if isinstance(step, RestoreKept):
            return self.restorable(step) > 0
        return isinstance(step, ConvertColumn | FillColumn) and step.fill.make is not None and self._fills(step)

    def _fills(self, step: ConvertColumn | FillColumn) -> bool:
        """Whether any rows get the default."""
        found = self.misfits(step) if isinstance(step, ConvertColumn) else self.without_value(step.column)
        return not found.clean

    def known_values(self, columns: Sequence[str]) -> dict[str, str] | None:
        """What the columns will hold, as SQL; None if that cannot be said of all of them."""
        values = {column: self._value(column) for column in columns}
        known = {column: value for column, value in values.items() if value is not None}
        return known if len(known) == len(values) else None

    def _substituted(self, sql: str, values: Mapping[str, str]) -> str:
        return substituted(
            sql, {column: f"({value})" for column, value in values.items()}, dialect=self._connection.dialect
        )


def _is_only_shorter(step: ConvertColumn) -> bool:
    return step.before.kind is step.after.kind and step.before.kind in _SIZED
