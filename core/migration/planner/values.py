"""What the columns of a table will hold when its steps are done, as SQL over what they hold now. It runs no SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.migration.casts import cast as casts
from core.migration.meaning import Kind, Meaning
from core.migration.steps import AddColumn, AlterColumn, ConvertColumn, FillColumn, FillFromOld, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from core.migration.planner.matching import Match
    from core.migration.steps import Fill, Step

_TEXT_TYPE = re.compile("CHAR|CLOB|TEXT|BLOB", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Values:
    """The future values of one table's columns, asked for by the names that they will have."""

    def __init__(self, connection: Connection, match: Match, steps: Sequence[Step]) -> None:
        self._connection = connection
        self._match = match
        self._added = {step.column: step for step in steps if isinstance(step, AddColumn)}
        self._converted = {step.column: step for step in steps if isinstance(step, ConvertColumn)}
        self._filled = {step.column: step.fill for step in steps if isinstance(step, FillColumn)}
        self._late = {step.column: step for step in steps if isinstance(step, FillFromOld)}
        altered = {step.column for step in steps if isinstance(step, AlterColumn) and step.what == "computed"}
        self._computed = {column.name for column in match.wanted.state.columns if column.computed} & altered

    def on_disk(self, column: str) -> str:
        """The column as it is now."""
        return self._connection.dialect.identifier_preparer.quote(self._match.on_disk(column))

    def cast(self, step: ConvertColumn) -> casts.Cast:
        """How the values of a column are converted."""
        column = self.on_disk(step.column)
        return casts.cast_sql(self._connection, column, step.before, step.after, members=step.members)

    def old(self, step: FillFromOld) -> str:
        """The values of the former column in the form that the new one wants."""
        old = self.on_disk(step.old)
        return casts.cast_sql(self._connection, old, step.before, step.after, members=step.members).value

    def sql(self, column: str) -> str | None:
        """What the column will hold; None if that cannot be said before it does."""
        if column in self._computed:
            return None
        if (added := self._added.get(column)) is not None:
            return self._new(column, added.fill)
        value = self.on_disk(column)
        if (step := self._converted.get(column)) is not None:
            value = self._after(step, value)
        if (late := self._late.get(column)) is not None:
            free = self.is_free(late, self.on_disk(column))
            value = f"CASE WHEN {free} THEN COALESCE({self.old(late)}, {value}) ELSE {value} END"
        fill = self._filled.get(column)
        if fill is None or fill.source is Source.NOTHING:
            return value
        return f"COALESCE({value}, {self._stored(column, fill.sql)})" if fill.sql is not None else None

    def is_filled(self, column: str) -> bool:
        """Whether no row will be without a value because every one gets a fill."""
        steps = (self._added.get(column), self._converted.get(column))
        fills = [self._filled.get(column), *(step.fill for step in steps if step is not None)]
        return any(fill is not None and fill.source is Source.CALLABLE for fill in fills)

    def is_free(self, late: FillFromOld, value: str) -> str:
        """The condition that a row has no value of its own in a column whose former name was declared late."""
        if late.stale:
            return "TRUE"
        written = [self.equal(value, wrote, late.after) for wrote in late.wrote]
        return f"({' OR '.join([f'{value} IS NULL', *written])})"

    def equal(self, value: str, literal: str, meaning: Meaning) -> str:
        """The condition that `value` is `literal`; PostgreSQL cannot compare JSON, but its text."""
        if self._connection.dialect.name == "sqlite" or meaning.kind not in (Kind.JSON, Kind.OTHER):
            return f"{value} = {literal}"
        return f"CAST({value} AS text) = CAST(CAST({literal} AS {meaning.sql}) AS text)"

    def _new(self, column: str, fill: Fill) -> str | None:
        if fill.make is not None or self._match.is_made(column):
            return None
        meaning = self._match.wanted.meanings[column]
        value = self._stored(column, fill.sql or "NULL")
        return value if self._connection.dialect.name == "sqlite" else f"CAST({value} AS {meaning.sql})"

    def _after(self, step: ConvertColumn, value: str) -> str:
        cast = self.cast(step)
        if cast.total or step.fill.sql is None:
            return cast.value
        fill = self._stored(step.column, step.fill.sql)
        return f"CASE WHEN {value} IS NULL THEN NULL ELSE COALESCE({cast.value}, {fill}) END"

    def _stored(self, column: str, literal: str) -> str:
        state = self._match.wanted.state.column(column)
        if self._connection.dialect.name != "sqlite" or state is None:
            return literal
        return stored_by_sqlite(literal, state.type)


def stored_by_sqlite(literal: str, type_: str) -> str:
    """`literal` as a column of that type will have it: SQLite stores '5' as a number in one that is for numbers."""
    if _TEXT_TYPE.search(type_):
        return f"'{literal}'" if _NUMBER.fullmatch(literal) else literal
    return literal[1:-1] if _NUMBER.fullmatch(literal[1:-1]) and literal[0] == literal[-1] == "'" else literal
