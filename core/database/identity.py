"""Which database this is: a random name in it, by which what lies outside, a journal for example, knows it again.

A database that is copied file by file keeps it. One that `aha db restore` or `aha db copy` made has none, and gets its
own when it is first asked for.
"""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text, select

from core.database.base import metadata
from core.database.engine import db_engine
from utils.sqlalchemy import insert_ignore

if TYPE_CHECKING:
    import sqlite3

_table = Table(
    "aha_database",
    metadata,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
)
TABLE = _table.name
"""Where it is kept; what makes a database of another one leaves its rows out."""


async def database_identity() -> str:
    """The identity of the open database, 32 hexadecimal digits. Raises what SQLAlchemy raises."""
    async with db_engine.connect() as connection:
        found = await connection.scalar(select(_table.c.id))
        if found is None:
            # Another process may do so at the same moment: whoever was first has named it.
            await connection.execute(insert_ignore(_table, one=1, id=token_hex(16)))
            await connection.commit()
            found = await connection.scalar(select(_table.c.id))
    return str(found)


def forget_sqlite(connection: sqlite3.Connection) -> None:
    """Let the database on `connection` be another one from now on; does nothing if it has no identity."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (TABLE,)).fetchone():
        connection.execute(f"DELETE FROM {TABLE}")  # noqa: S608 - a name of ours
        connection.commit()


def forget_postgresql(schema: str) -> str:
    """The statement that does so on PostgreSQL, where the bot's tables are in `schema`."""
    table = '"{}".{}'.format(schema.replace('"', '""'), TABLE)
    named = table.replace("'", "''")
    return f"DO $aha$ BEGIN IF to_regclass('{named}') IS NOT NULL THEN DELETE FROM {table}; END IF; END $aha$;"  # noqa: S608
