"""Bots whose databases are copied: a module with a small table, and what tests do to databases."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Text, insert, select, text

from core.database import close_database, db_engine, open_database
from core.migration.start import expand, settle


async def start(url, *modules):
    """Start on a database; the steps that were planned and not only postponed."""
    await open_database(url)
    return await start_again(*modules)


async def start_again(*modules):
    outcome = await expand(modules)
    assert outcome.failures == {}
    settled = await settle(modules)
    assert settled.failures == {}
    return [planned for unit in (*outcome.units, *settled.units) if unit.acts for planned in unit.steps]


async def fill(table, *rows):
    async with db_engine.begin() as connection:
        for row in rows:
            await connection.execute(insert(table), row)


async def rows_of(table):
    async with db_engine.connect() as connection:
        key = list(table.primary_key) or list(table.c)
        return [row._asdict() for row in await connection.execute(select(table).order_by(*key))]


async def run(url, *statements):
    await open_database(url)
    async with db_engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await close_database()


def small(*more):
    return (Column("id", Integer, primary_key=True), Column("text", Text), *more)
