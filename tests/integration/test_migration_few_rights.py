"""A bot whose PostgreSQL role may make neither schemas nor temporary tables, or nothing at all any more."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from aha.testing import release, running_bot
from core.database import db_engine
from tests.migration.sources import module, note, table

BOT = "aha_test_few_rights"


@pytest.fixture
async def url(postgres_url: str):
    """A database in which everybody is a role that may have tables in the default schema and nothing else."""
    async with running_bot(modules=[], database=postgres_url), db_engine.begin() as connection:
        name = await connection.scalar(text("SELECT quote_ident(current_database())"))
        for statement in (
            f"CREATE ROLE {BOT}",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            f"GRANT CREATE, USAGE ON SCHEMA public TO {BOT}",
            *(f"ALTER TABLE {table} OWNER TO {BOT}" for table in await connection.scalars(text(_TABLES))),
            f"ALTER DATABASE {name} SET role = {BOT}",
        ):
            await connection.execute(text(statement))
    yield postgres_url
    async with running_bot(modules=[], database=postgres_url, strict=False), db_engine.begin() as connection:
        for statement in ("SET ROLE NONE", f"DROP OWNED BY {BOT} CASCADE", f"DROP ROLE {BOT}"):
            await connection.execute(text(statement))


_TABLES = "SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'aha%'"
ONE = note("text: str", "kind: str = column(Enum('a', 'b', name='kind'))")
TWO = note(
    "text: str = column(unique=True)",
    "kind: str = column(Enum('a', 'b', 'c', name='kind'), default='c')",
    "stars: int = column(default=3)",
)


async def start(url: str, folder, *parts: str, other: str = "", strict: bool = True):
    paths = [release("notes", module(*parts), folder=folder)]
    paths += [release("other", module(other), folder=folder)] if other else []
    return running_bot(modules=paths, database=url, strict=strict)


async def test_tables_change_as_anywhere_without_a_scratch_schema(url: str, tmp_path) -> None:
    async with await start(url, tmp_path, ONE) as bot:
        await bot.insert("note", {"id": 1, "text": "x", "kind": "a"})
    async with await start(url, tmp_path, TWO, table("memo", "text: str")) as bot:
        rows = await bot.rows("note")
        assert [tuple(row.values()) for row in rows] == [(1, "x", "a", 3)]
        await bot.insert("memo", {"id": 1, "text": "m"})


async def test_values_that_need_functions_to_be_converted_are_untouched_and_the_right_is_named(url, tmp_path) -> None:
    async with await start(url, tmp_path, ONE, other=table("memo", "text: str")) as bot:
        await bot.insert("note", {"id": 1, "text": "2026-01-02", "kind": "a"})
    changed = ONE.replace("text: Mapped[str]", "text: Mapped[datetime]")
    async with await start(url, tmp_path, changed, other=table("memo", "text: str"), strict=False) as bot:
        assert bot.failures.keys() == {"notes"}
        assert "GRANT TEMPORARY ON DATABASE" in str(bot.failures["notes"])
        await bot.insert("memo", {"id": 1, "text": "m"})


async def test_modules_that_are_as_they_were_run_when_nothing_may_be_created_any_more(url, tmp_path) -> None:
    other = table("memo", "text: str")
    async with await start(url, tmp_path, ONE, other=other) as bot:
        await bot.insert("note", {"id": 1, "text": "x", "kind": "a"})
        async with db_engine.begin() as connection:
            for statement in (
                "SET ROLE NONE",
                "CREATE TABLE alien (id int)",
                f"REVOKE CREATE ON SCHEMA public FROM {BOT}",
            ):
                await connection.execute(text(statement))
    async with await start(url, tmp_path, ONE, other=table("memo", "text: str", "n: int"), strict=False) as bot:
        assert bot.failures.keys() == {"other"}
        assert f"TO {BOT}" in str(bot.failures["other"])
        assert len(await bot.rows("note")) == 1
