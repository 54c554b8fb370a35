"""Removing what no module uses, because its owner says so: in one transaction, which the history tells of.

That there is a backup, and that what is named is unused, is seen to before.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.database.engine import db_engine
from core.migration.faults import said
from core.migration.kept.table import identifier, kept_table
from core.migration.ledger import records as ledger
from core.migration.lock import one_process, take_write_lock
from core.migration.run import surrounded
from core.migration.state import ConstraintKind
from core.migration.statements import Script, Sql
from core.migration.steps import Phase, Planned, PruneColumn, PruneKept, PruneTable, Verdict
from core.migration.upkeep.inventory import live_and_recorded
from models.exc import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from core.migration.model import TableRecord
    from core.migration.state import TableState
    from core.migration.upkeep.inventory import Left

T = TypeVar("T")
_Records: TypeAlias = "Mapping[str, TableRecord]"
_TYPE_NAME = re.compile(r'(?:\w+|"[^"]+")(?:\.(?:\w+|"[^"]+"))?')
_USES = text(
    "SELECT count(*) FROM pg_attribute WHERE NOT attisdropped AND atttypid IN "
    "(SELECT unnest(ARRAY[oid, typarray]) FROM pg_type WHERE oid = to_regtype(:name))"
)
# Else SQLite deletes the rows of a table that is dropped one by one, and with them those that refer to them.
_WITHOUT_FOREIGN_KEYS = Script((), before=[Sql("PRAGMA foreign_keys=OFF")], after=[Sql("PRAGMA foreign_keys=ON")])


async def prune(left: Sequence[Left]) -> None:
    """Remove what is `left`. Raises DatabaseError, which says what needs it still; then nothing was removed."""
    async with one_process(db_engine), db_engine.connect() as connection:
        await connection.run_sync(_prune, left)


def _prune(connection: Connection, left: Sequence[Left]) -> None:
    scripts = [_WITHOUT_FOREIGN_KEYS] if connection.dialect.name == "sqlite" else []
    with surrounded(connection, scripts):
        try:
            take_write_lock(connection)
            live, recorded = live_and_recorded(connection)
            tables = [one.table for one in left if one.column is None]
            _refuse_needed(connection, tables, live)
            with _explained(left):
                for one in left:
                    _remove(connection, one)
                _remove_tables(connection, tables)
                for one in left:
                    _remove_types(connection, one, recorded)
            _record(connection, left, recorded)
            connection.commit()
        finally:
            connection.rollback()


def _refuse_needed(connection: Connection, tables: Collection[str], live: Mapping[str, TableState]) -> None:
    """Raise DatabaseError if what stays needs any of `tables`; PostgreSQL says itself what else does."""
    for state in live.values():
        for key in state.constraints if state.name not in tables else ():
            if key.kind is ConstraintKind.FOREIGN and key.target in tables:
                raise DatabaseError(
                    f"{key.target} cannot be removed: rows of {state.name} refer to it; remove that table as well, or "
                    "its foreign key"
                )
    if connection.dialect.name == "sqlite":
        for table in tables:
            for kind, name in _mentioning(connection, table):
                raise DatabaseError(f"{table} cannot be removed: {kind} {name} needs it; remove that first")


def _mentioning(connection: Connection, table: str) -> Iterator[tuple[str, str]]:
    """The views and triggers of others whose definition names `table`; SQLite would not mind, but fail later."""
    rows = connection.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type <> 'table'"))
    word = re.compile(rf"(?<!\w){re.escape(table)}(?!\w)", re.IGNORECASE)
    for kind, name, of, sql in rows:
        if kind in {"view", "trigger"} and of.lower() != table.lower() and word.search(sql or ""):
            yield kind, name


@contextmanager
def _explained(left: Sequence[Left]) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        names = ", ".join(one.name for one in left)
        raise DatabaseError(
            f"{names} cannot be removed: {said(error)}{_detail(error)}; remove what needs it first, then try again"
        ) from error


def _detail(error: SQLAlchemyError) -> str:
    """Where PostgreSQL names what is in the way."""
    detail = getattr(getattr(getattr(error, "orig", None), "__cause__", None), "detail", None)
    return f" ({' '.join(detail.split())})" if detail else ""


def _remove(connection: Connection, left: Left) -> None:
    """Remove a column, or what is kept of one."""
    if left.kept:
        place = (kept_table.c.table_name == left.table) & (kept_table.c.column_name == left.column)
        connection.execute(kept_table.delete().where(place))
    elif left.column is not None:
        column = connection.dialect.identifier_preparer.quote_identifier(left.column)
        connection.exec_driver_sql(f"ALTER TABLE {identifier(connection, left.table)} DROP COLUMN {column}")


def _remove_tables(connection: Connection, tables: Sequence[str]) -> None:
    names = [identifier(connection, table) for table in tables]
    # PostgreSQL takes tables that refer to each other all at once, SQLite knows no such statement and needs none.
    for statement in names if connection.dialect.name == "sqlite" else filter(None, [", ".join(names)]):
        connection.exec_driver_sql(f"DROP TABLE {statement}")


def _remove_types(connection: Connection, left: Left, recorded: _Records) -> None:
    """Remove PostgreSQL's enum types of what was removed, if nothing else is of that type."""
    if left.kept:
        return
    meanings = recorded[left.table].meanings
    names = meanings if left.column is None else [left.column]
    for type_ in dict.fromkeys(meanings[name].sql for name in names if meanings[name].native):
        if _TYPE_NAME.fullmatch(type_) and not connection.scalar(_USES, {"name": type_}):
            connection.exec_driver_sql(f"DROP TYPE IF EXISTS {type_}")


def _record(connection: Connection, left: Sequence[Left], recorded: _Records) -> None:
    gone = {one.table for one in left if one.column is None}
    changed: dict[str, TableRecord] = {}
    for one in left:
        if one.column is not None and not one.kept and one.table not in gone:
            record = changed.get(one.table, recorded[one.table])
            changed[one.table] = _without(record, one.column)
    ledger.write_records(connection, changed, gone=gone)
    for module in dict.fromkeys(one.module for one in left):
        steps = [_planned(one) for one in left if one.module == module]
        ledger.enter(connection, [module], steps, phase="command")


def _without(record: TableRecord, column: str) -> TableRecord:
    def others(known: Mapping[str, T]) -> dict[str, T]:
        return {name: value for name, value in known.items() if name != column}

    return replace(
        record,
        meanings=others(record.meanings),
        renamed=others(record.renamed),
        wrote=others(record.wrote),
        members=others(record.members),
    )


def _planned(left: Left) -> Planned:
    if left.column is None:
        return Planned(PruneTable(left.table), Phase.SETTLE, Verdict.REPORT, rows=left.rows)
    kind = PruneKept if left.kept else PruneColumn
    return Planned(kind(left.table, left.column), Phase.SETTLE, Verdict.REPORT, rows=left.rows)
