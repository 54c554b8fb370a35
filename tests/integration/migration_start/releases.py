"""Columns of releases of a module, a start with them, and what can be seen of what it did."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Integer, Numeric, Text, inspect

from core.database import db_engine
from core.migration.start import expand, settle


def plain():
    return Column("id", Integer, primary_key=True), Column("text", Text)


def wider():
    return *plain(), Column("size", BigInteger)


def unique():
    return Column("id", Integer, primary_key=True), Column("text", Text, unique=True)


def required():
    return *plain(), Column("size", BigInteger, nullable=False)


def priced(precision):
    return lambda: (Column("id", Integer, primary_key=True), Column("price", Numeric(precision, 2)))


def number():
    return Column("id", Integer, primary_key=True), Column("text", Integer)


def moment():
    return Column("id", Integer, primary_key=True), Column("text", DateTime)


def short():
    return (Column("id", Integer, primary_key=True),)


class Unrenderable(Text):
    """A type that no database knows."""

    __visit_name__ = "unrenderable"


def strange():
    return Column("id", Integer, primary_key=True), Column("text", Unrenderable)


async def columns_of(table):
    async with db_engine.connect() as connection:
        return await connection.run_sync(
            lambda c: {col["name"]: col["nullable"] for col in inspect(c).get_columns(table)}
        )


async def start(*modules, **options):
    """Both phases of a start that goes well, without what on_start does between them."""
    outcome = await expand(modules, **options)
    assert outcome.failures == {}
    settled = await settle(modules)
    assert settled.failures == {}
    return [*outcome.units, *settled.units]


def steps(units):
    return [(type(planned.step).__name__, str(planned.verdict)) for unit in units for planned in unit.steps]
