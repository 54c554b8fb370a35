"""A store with some keys, and how tests damage what is stored of it."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from core.database import close_database, db_engine, metadata, open_database
from tests.store_bot import declared

MODEL = {f"key {n}": f"value {n}" for n in range(20)}


async def change_row(url: str, key: str, /, **columns) -> None:
    """Change columns of a row in the table, each by a function of what it says."""
    module = declared("a")
    table = metadata.tables["aha_store__a"]
    await open_database(url)
    async with db_engine.begin() as connection:
        row = dict((await connection.execute(select(table).where(table.c.key == key))).mappings().one())
        await connection.execute(delete(table).where(table.c.key == key))
        await connection.execute(
            insert(table).values({**row, **{name: how(row[name]) for name, how in columns.items()}})
        )
    await close_database()
    module.drop()


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
