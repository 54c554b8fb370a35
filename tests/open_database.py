"""Plain SQL on the bot's open database, in tests: as another program would do it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from core.database import db_engine


async def run(*sql: str) -> None:
    """Run statements in one transaction."""
    async with db_engine.begin() as connection:
        for statement in sql:
            await connection.execute(text(statement))


async def rows(sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    async with db_engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


async def scalar(sql: str) -> Any:
    """Return the first column of the first row of a query."""
    async with db_engine.connect() as connection:
        return await connection.scalar(text(sql))
