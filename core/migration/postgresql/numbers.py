"""Defaults of columns, and how they number themselves: SERIAL, identity, neither. No number is given out twice."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from core.migration.postgresql.ddl import Place, alter_column, literal, quote, set_nullable
from core.migration.postgresql.job import Stage
from core.migration.postgresql.names import automatic_name
from core.migration.postgresql.types import ddl_type
from core.migration.statements import Sql

if TYPE_CHECKING:
    from core.migration.postgresql.catalogue import LiveColumn
    from core.migration.postgresql.job import Job, Work
    from core.migration.state import ColumnState

_SERIALS = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}


def default_work(job: Job, table: str, column: str) -> Work:
    """Give a column the model's default or the model's way of numbering itself."""
    live, wanted = job.live(table, column), job.wanted(table, column)
    if live is None or wanted is None:
        return
    if live.serial or live.identity or wanted.identity or wanted.default == "serial":
        yield from _stop_numbering(job, table, column, live)
        yield from _start_numbering(job, table, column, wanted)
    if wanted.identity or wanted.default == "serial":
        return
    clause = "DROP DEFAULT" if wanted.default is None else f"SET DEFAULT {wanted.default}"
    yield Stage.DEFAULT, alter_column(job.place(table), column, clause)


def serial_type(column: ColumnState) -> str:
    """How DDL writes the type of a column that is added and numbers itself by a sequence of its own."""
    return _SERIALS.get(column.type, column.type)


def _stop_numbering(job: Job, table: str, column: str, live: LiveColumn) -> Work:
    if live.sequence is None:
        return
    place, name = job.place(table), live.sequence.sql
    # PostgreSQL forgets it at the end of the transaction: numbers of deleted rows are not given out again.
    following = f"(SELECT (last_value + CASE WHEN is_called THEN 1 ELSE 0 END)::text FROM {name})"
    yield Stage.DETACH, Sql(f"SELECT set_config({literal(_setting(table, column))}, {following}, true)")
    if live.identity:
        yield Stage.DETACH, alter_column(place, column, "DROP IDENTITY")
    else:
        yield Stage.DETACH, alter_column(place, column, "DROP DEFAULT")
        yield Stage.DETACH, Sql(f"DROP SEQUENCE {name}")


def _start_numbering(job: Job, table: str, column: str, wanted: ColumnState) -> Work:
    place = job.place(table)
    if wanted.identity:
        live = job.live(table, column)
        if live and live.default is not None and not live.serial:
            yield Stage.DETACH, alter_column(place, column, "DROP DEFAULT")
        # Not in stage NOT_NULL: without it there is no identity, and a column that numbers itself has no NULL to find.
        yield Stage.DEFAULT, set_nullable(place, column, nullable=False)
        yield Stage.DEFAULT, alter_column(place, column, f"ADD {wanted.identity}")
    elif wanted.default == "serial":
        sequence = Place(place.schema, _free_name(job, place.name, column))
        owner = f"OWNED BY {place.sql}.{quote(column)}"
        yield Stage.DEFAULT, Sql(f"CREATE SEQUENCE {sequence.sql} AS {ddl_type(wanted.type)} {owner}")
        yield Stage.DEFAULT, alter_column(place, column, f"SET DEFAULT nextval({literal(sequence.sql)}::regclass)")
    else:
        return
    yield Stage.DEFAULT, count_on(place, column, setting=_setting(table, column))


def count_on(place: Place, column: str, *, setting: str | None = None) -> Sql:
    """Let the next number of a column be larger than all that are there, and not before what `setting` remembers."""
    saved = f"nullif(current_setting({literal(setting)}, true), '')::bigint" if setting else "NULL"
    following = f"greatest(max({quote(column)})::bigint + 1, {saved})"
    sequence = f"pg_get_serial_sequence({literal(place.sql)}, {literal(column)})"
    return Sql(
        f"SELECT setval({sequence}, {following}, false) FROM {place.sql} HAVING {following} IS NOT NULL",
        table=place.name,
        rows=True,
    )


def _setting(table: str, column: str) -> str:
    return f"aha.next_{crc32(f'{table}.{column}'.encode()):08x}"


def _free_name(job: Job, table: str, column: str) -> str:
    name = automatic_name(table, column, "seq")
    live = job.catalogue.sequences
    mine = {known.sequence.name for known in job.catalogue.columns.values() if known.sequence}
    number = 0
    while name in live and name not in mine:
        number += 1
        name = automatic_name(table, column, f"seq{number}")
    return name
