"""PostgreSQL's end of a copy: one connection and one transaction, source or target. It decides nothing."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Sequence as DBSequence
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSequence

from core.backup import server
from core.backup.copy_sqlite import BATCH, Refused
from core.backup.copy_types import quoted
from core.backup.copy_values import copy_field, from_postgresql, into_postgresql, read_sql
from core.database.base import metadata
from core.database.url import explain
from core.migration.lock import one_process
from core.migration.postgresql.ddl import literal
from core.migration.postgresql.types import ddl_type
from core.migration.state import ConstraintKind
from models.exc import BackupError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from sqlalchemy import URL, Connection, Dialect
    from sqlalchemy.ext.asyncio import AsyncConnection

    from core.backup.copy_types import TableCopy
    from core.migration.meaning import Meaning
    from core.migration.state import ColumnState

T = TypeVar("T")
_SETTINGS = (
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL extra_float_digits = 3",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = 0",
)
_SERIAL = {"smallint": "SMALLSERIAL", "integer": "SERIAL", "bigint": "BIGSERIAL"}
# Foreign keys last: what they refer to must be unique by then.
_ORDER = (ConstraintKind.PRIMARY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUDE, ConstraintKind.CHECK)
_NEXT = re.compile(r"nextval\('(?P<sequence>(?:[^']|'')+)'::regclass\)")
_PLACE = re.compile(r"line (?P<line>\d+)(?:, column (?P<column>[^:]+))?")
_FOREIGN_OBJECTS = """
SELECT CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' ELSE 'foreign table ' END || c.relname
FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('v', 'm', 'f')
UNION ALL
SELECT format('trigger %s on %s', t.tgname, c.relname) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace
ORDER BY 1
"""


class PostgresEnd:
    """A database that is read from, or written to, in one transaction."""

    read = staticmethod(from_postgresql)

    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        self._connection = connection
        self._driver = driver
        self.dialect: Dialect = connection.dialect

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` with an SQLAlchemy connection that is in the transaction."""
        return await self._connection.run_sync(work)

    async def foreign_objects(self) -> list[str]:
        """What is there besides tables."""
        return [row[0] for row in await self._driver.fetch(_FOREIGN_OBJECTS)]

    async def rows(self, table: str, columns: Sequence[str], meanings: Sequence[Meaning]) -> AsyncIterator[list[Any]]:
        """The rows, as `read_sql` says, in batches."""
        values = ", ".join(read_sql(quoted(name), meaning) for name, meaning in zip(columns, meanings, strict=True))
        cursor = await self._driver.cursor(f"SELECT {values} FROM {quoted(table)}")
        while rows := await cursor.fetch(BATCH):
            yield rows

    async def counter(self, table: str, column: str) -> int | None:
        """The last number that a column gave itself; None if nothing remembers it."""
        sequence = await self._sequence(table, column)
        if sequence is None:
            return None
        row = await self._driver.fetchrow(f"SELECT last_value, is_called FROM {sequence}")
        return row["last_value"] if row["is_called"] else None

    async def _sequence(self, table: str, column: str) -> str | None:
        found = await self._driver.fetchval("SELECT pg_get_serial_sequence($1, $2)", quoted(table), column)
        return None if found is None else str(found)

    async def value(self, literal: str, meaning: Meaning) -> Any:
        """The value of an SQL literal, as `rows` gives it."""
        return await self._driver.fetchval(f"SELECT {read_sql(f'CAST({literal} AS {meaning.sql})', meaning)}")

    # --- as a target ---

    def literal(self, value: Any) -> str:
        """The SQL literal of what `writer` makes of a value."""
        return literal(value)

    async def prepare(self, tables: Sequence[TableCopy]) -> None:
        """Make the enum types, domains and sequences that the tables need."""
        for sequence in dict.fromkeys(s for given in metadata.sequences.values() for s in given):
            await self._run(str(CreateSequence(sequence).compile(dialect=self.dialect)))
        made = {column.type: None for table in tables for column in table.state.columns}
        for statement in dict.fromkeys(filter(None, map(_create_type, made))):
            await self._run(statement)

    async def create(self, table: TableCopy) -> None:
        """Create a table without constraints, which are quicker to make when the rows are there."""
        columns = ", ".join(map(_column, table.state.columns))
        await self._run(f"CREATE TABLE {quoted(table.name)} ({columns})")

    def writer(self, meaning: Meaning) -> Callable[[Any], Any]:
        """How a value is written: as the server reads it in a string."""
        return into_postgresql(meaning)

    async def write(self, table: TableCopy, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows; raises Refused for the first that the database does not take."""
        try:
            await self._driver.copy_to_table(
                table.name, columns=[column.name for column in table.columns], source=_lines(rows)
            )
        except asyncpg.PostgresError as error:
            found = _PLACE.search(getattr(error, "context", None) or "")
            if found is None:
                raise
            raise Refused(server.refused(error), int(found["line"]) - 1, found["column"]) from error

    async def finish(self, tables: Sequence[TableCopy], counters: dict[str, int]) -> None:
        """Make what can only be made when the rows are there, or is quicker then."""
        for kind in _ORDER:
            for table in tables:
                for constraint in table.state.constraints:
                    if constraint.kind is kind:
                        await self._add(table, constraint.name, constraint.definition)
        for table in tables:
            for index in table.state.indexes:
                await self._run(index.sql)
            await self._comment(table)
        for table in tables:
            await self._add_keys(table)
            await self._number(table, counters.get(table.name))

    async def _add_keys(self, table: TableCopy) -> None:
        for key in table.state.constraints:
            if key.kind is ConstraintKind.FOREIGN:
                await self._add(table, key.name, f"{key.definition} NOT VALID")
        rows = await self._driver.fetch(
            "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass($1) AND NOT convalidated",
            quoted(table.name),
        )
        for row in rows:
            try:
                async with self._driver.transaction():
                    await self._driver.execute(
                        f"ALTER TABLE {quoted(table.name)} VALIDATE CONSTRAINT {quoted(row['conname'])}"
                    )
            except asyncpg.ForeignKeyViolationError:
                continue  # as it was: old rows may refer to nothing, new ones may not

    async def _add(self, table: TableCopy, name: str | None, definition: str) -> None:
        named = f"CONSTRAINT {quoted(name)} " if name else ""
        await self._run(f"ALTER TABLE {quoted(table.name)} ADD {named}{definition}")

    async def _comment(self, table: TableCopy) -> None:
        if table.state.comment:
            await self._run(f"COMMENT ON TABLE {quoted(table.name)} IS {literal(table.state.comment)}")
        for column in table.state.columns:
            if column.comment:
                name = f"{quoted(table.name)}.{quoted(column.name)}"
                await self._run(f"COMMENT ON COLUMN {name} IS {literal(column.comment)}")

    async def _number(self, table: TableCopy, counter: int | None) -> None:
        """Let the sequences of the table go on after the largest number that there is, or was."""
        for column in table.state.columns:
            sequence = _own_sequence(table.name, column) or await self._sequence(table.name, column.name)
            if sequence is None:
                continue
            last = await self._driver.fetchval(f"SELECT max({quoted(column.name)}) FROM {quoted(table.name)}")
            numbers = [number for number in (last, counter if column.name == table.numbered else None) if number]
            if numbers and max(numbers) > 0:
                await self._driver.execute(f"SELECT setval({literal(sequence)}, {max(numbers)})")

    async def _run(self, statement: str) -> None:
        try:
            await self._driver.execute(statement)
        except asyncpg.PostgresError as error:
            raise BackupError(f"{statement.partition('(')[0].strip()}: {server.refused(error)}") from error

    async def commit(self) -> None:
        """Let it count."""
        await self._connection.commit()


def _lines(rows: Sequence[Sequence[str | None]]) -> AsyncIterator[bytes]:
    async def lines() -> AsyncIterator[bytes]:
        yield "".join("\t".join(map(copy_field, row)) + "\n" for row in rows).encode()

    return lines()


def _own_sequence(table: str, column: ColumnState) -> str | None:
    """The sequence that the model gives a column, whether the server asks it or the bot."""
    named = _NEXT.fullmatch(column.default or "")
    if named:
        return named["sequence"].replace("''", "'")
    model = metadata.tables.get(table)
    default = model.columns[column.name].default if model is not None and column.name in model.columns else None
    return quoted(default.name) if isinstance(default, DBSequence) else None


def _column(column: ColumnState) -> str:
    type_ = ddl_type(column.type)
    default = column.default
    if default == "serial":
        type_, default = _SERIAL[type_], None
    parts = [
        f"{quoted(column.name)} {type_}",
        f"COLLATE {quoted(column.collation)}" if column.collation else "",
        f"DEFAULT {default}" if default is not None else "",
        f"GENERATED ALWAYS AS {column.computed}" if column.computed else "",
        column.identity or "",
        "" if column.nullable else "NOT NULL",
    ]
    return " ".join(filter(None, parts))


def _create_type(type_: str) -> str | None:
    """The statement that makes an enum type or a domain; None for other types."""
    name = ddl_type(type_)
    made = type_.removeprefix(name).strip()
    kind, _, inside = made.partition("(")
    name = name.replace("[]", "")
    match kind:
        case "ENUM":
            return f"CREATE TYPE {name} AS ENUM ({inside}"
        case "DOMAIN":
            return f"CREATE DOMAIN {name} AS {inside.removesuffix(')')}"
        case _:
            return None


@asynccontextmanager
async def postgres_end(url: URL, *, target: bool) -> AsyncIterator[PostgresEnd]:
    """Connect; what was not committed is gone afterwards. Raises BackupError."""
    engine = server.engine_for(url)
    try:
        async with one_process(engine), engine.connect() as connection:
            if not target:
                await connection.execution_options(isolation_level="REPEATABLE READ")
            for setting in _SETTINGS:
                await connection.exec_driver_sql(setting)
            driver = (await connection.get_raw_connection()).driver_connection
            if target:
                await server.check_unused(driver, url)
            yield PostgresEnd(connection, driver)
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise BackupError(explain(url, error)) from error
    finally:
        await engine.dispose()
