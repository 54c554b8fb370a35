"""Carries out stories on a database, with the bot that `aha run` runs. What the stories are is none of its business."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError

from aha.testing import RunningBot, release, running_bot
from aha.testing.rows import find_table
from core.context import current_module
from core.database import db_engine
from core.database.sqlite import writes
from tests.migration import product
from tests.migration.story import Again, Kept, Put, Query, Refused, Release, Rows, Sql

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from core.migration.state import TableState
    from tests.migration.story import Act, Story

_fresh: dict[Hashable, Mapping[str, TableState]] = {}
"""What has been seen of fresh databases, by their kind and the release: many stories come to the same one."""


async def perform(story: Story, *, database: str, fresh: Callable[[], str], folder: Path) -> None:
    """Carry out the whole story on `database`; `fresh` makes the URL of another, empty one."""
    async with AsyncExitStack() as stack:
        stage = Stage(database, fresh, folder, stack)
        for number, act in enumerate(story.acts):
            try:
                await stage.play(act)
            except BaseException as error:
                error.add_note(f"in act {number} of {story.name}: {act}")
                raise


class Stage:
    """The database, the release that runs on it, and what there was before it started."""

    def __init__(
        self,
        database: str,
        fresh: Callable[[], str],
        folder: Path,
        stack: AsyncExitStack,
        *,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        self.database = database
        self.fresh = fresh
        self.folder = folder
        self.stack = stack
        self.release: Release | None = None
        self.bot: RunningBot | None = None
        self.counts = dict(counts or {})  # the rows of each table, when the last release has stopped

    async def play(self, act: Act) -> None:
        """Do what the act says, or look whether things are as it says."""
        match act:
            case Release():
                await self.start(act, act)
            case Again():
                await self.start(self.release, act)
            case Refused():
                await self.refuse(act)
            case Put():
                await self.bot.insert(act.table, *self.dicts(act))
            case Rows():
                assert [plain(row.values()) for row in await self.bot.rows(act.table)] == [plain(r) for r in act.rows]
            case Sql():
                await self.execute(act.statements[db_engine.dialect.name])
            case Query():
                await self.compare(act)
            case Kept():
                found = (await product.kept()).get(act.column, {})
                assert found.items() >= act.values.items() if act.values else found == {}

    async def start(self, release: Release, expected: Release | Again) -> None:
        """Start a release; if there was one before, nothing is lost, and a second start has nothing to do."""
        first = self.release is None and not self.counts
        await self.stop()
        self.release = release
        self.bot = await self.stack.enter_async_context(self.running(release))
        self.assert_off(expected.off)
        if first:
            return
        counts = await product.row_counts()
        assert release.deletes or sum(counts.values()) >= sum(self.counts.values()), f"{self.counts} -> {counts}"
        await self.start_again(expected)
        await self.assert_planned(expected.postponed)

    async def start_again(self, expected: Release | Again) -> None:
        """Start the release once more: it writes nothing, and its tables are as a fresh start makes them."""
        await self.bot.stop()
        fresh = await self.fresh_tables()
        with recorded_writes() as written:
            await self.bot.start()
        self.assert_off(expected.off)
        assert expected.off or written == []  # what is refused is tried again
        await self.assert_as_fresh(fresh, expected)

    def running(self, played: Release) -> Any:
        """The bot with the modules of a release."""
        paths = [release(name, code, folder=self.folder) for name, code in played.modules.items()]
        return running_bot(modules=paths, database=self.database, strict=False)

    async def stop(self) -> None:
        """Stop the release that runs, if one does, and remember how many rows it leaves."""
        if self.bot is not None:
            self.counts = await product.row_counts()
            await self.stack.aclose()
            self.bot = None

    def assert_off(self, off: Mapping[str, str]) -> None:
        """Those modules are off that are expected to be, for the reasons expected."""
        failures = {name: str(error) for name, error in self.bot.failures.items()}
        assert failures.keys() == off.keys(), failures
        for name, reason in off.items():
            assert reason in failures[name]

    async def assert_planned(self, postponed: Mapping[str, Any]) -> None:
        """Nothing is planned but what is expected to wait, with keys of rows that stand in its way."""
        units = await product.plan(self.bot._loaded())
        assert product.planned(units) == []
        waiting = product.postponed(units)
        assert waiting.keys() == dict(postponed).keys()
        for what, keys in postponed.items():
            named = set(waiting[what].keys)
            assert named, f"{what} waits, but no key is named"
            assert named <= {str(key) for key in keys}, f"{what} waits"

    async def assert_as_fresh(self, fresh: Mapping[str, TableState], expected: Release | Again) -> None:
        """The tables are those that a fresh start makes, but for what is unused, off, or has to wait."""
        waiting = {what.partition(" ")[0].partition(".")[0] for what in expected.postponed}
        waiting |= set(getattr(expected, "differs", ()))
        migrated = await product.tables()
        for name, state in fresh.items():
            table, _, module = name.partition("__")
            if table not in waiting and module not in expected.off:
                assert comparable(migrated[name], state) == comparable(state, state)

    async def fresh_tables(self) -> Mapping[str, TableState]:
        """The tables of the release on a database that has never seen another; the bot has stopped meanwhile."""
        key = (self.database.partition(":")[0], *self.release.modules.items())
        if key not in _fresh:
            _fresh[key] = await self.make_fresh()
        return _fresh[key]

    async def make_fresh(self) -> dict[str, TableState]:
        """Start the release on such a database, and look."""
        other = RunningBot(self.bot._plan.selection, database=self.fresh(), config=self.bot._config, strict=False)
        try:
            await other.start()
            return await product.tables()
        finally:
            await other.stop()

    def dicts(self, act: Put) -> list[dict[str, Any]]:
        """The rows by column name."""
        names = find_table(act.table, self.bot._loaded()).c.keys()
        return [row if isinstance(row, dict) else dict(zip(names, row, strict=True)) for row in act.rows]

    async def refuse(self, act: Refused) -> None:
        """Every row is refused."""
        for row in self.dicts(act):
            with pytest.raises(DBAPIError):
                await self.bot.insert(act.table, row)

    async def execute(self, statements: Any) -> None:
        """Run SQL as it stands."""
        async with db_engine.begin() as connection:
            for statement in statements:
                await connection.exec_driver_sql(statement)

    async def compare(self, act: Query) -> None:
        """The query returns what it should."""
        async with db_engine.connect() as connection:
            rows = [tuple(row) for row in await connection.execute(text(act.sql))]
        assert [row[0] if len(row) == 1 else row for row in rows] == list(act.expected)


def plain(values: Iterable[Any]) -> tuple[Any, ...]:
    """A row to be compared: SQLite has no time zones, so times that have one are compared as UTC."""
    return tuple(
        value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
        for value in values
    )


def comparable(state: TableState, model: TableState) -> Any:
    """What two tables have to have in common: columns in any order, without those that `model` does not have."""
    return {
        "columns": {column.name: column for column in state.columns if model.column(column.name)},
        "constraints": {worded(c.definition): replace(c, definition="", validated=True) for c in state.constraints},
        "indexes": {i.name: (replace(i, definition=""), worded(i.definition)) for i in state.indexes},
        "comment": state.comment,
        "options": set(state.options),
    }


def worded(definition: str) -> str:
    """A definition without casts to text: PostgreSQL writes them in other places when it reads what it has written."""
    return re.sub(r"::(?:text|character varying)(?:\[\])?|[() ]", "", definition)


@contextmanager
def recorded_writes() -> Iterator[list[str]]:
    """What is written to the database, but for what modules write, and for the attempt by which the bot opens it."""
    written: list[str] = []

    def record(connection: Connection, _: Any, statement: str, *__: Any) -> None:
        # What is built in memory only, to be compared, is built without the bot's dialect.
        ours = connection.dialect.is_async and current_module.get() is None
        if ours and writes(statement) and "aha_probe" not in statement:
            written.append(statement)

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield written
    finally:
        event.remove(Engine, "before_cursor_execute", record)
