"""What a bot is told whose role may not change a PostgreSQL table: which right is missing, on what, and what to do."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from core.database import db_engine
from models.exc import DatabaseError
from tests.integration.migration_postgresql.releases import key, opened

BOT = "aha_test_bot"


@pytest.fixture
async def as_bot(postgres_url: str):
    """Makes everybody a role that has no rights but those that are granted; a table `t` belongs to another one."""
    async with opened(postgres_url) as owner:
        await owner.release(lambda m: Table("t", m, key(), Column("a", Text)))
        name = await owner.one("SELECT quote_ident(current_database())")
        await owner.sql(
            f"CREATE ROLE {BOT}",
            f"GRANT TEMPORARY ON DATABASE {name} TO {BOT}",
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {BOT}",
            f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {BOT}",
        )

        async def become(*grants: str):
            await owner.sql(*grants, f"ALTER DATABASE {name} SET role = {BOT}")
            await db_engine.dispose()
            assert await owner.one("SELECT current_user") == BOT
            return owner

        yield become
    async with opened(postgres_url) as owner:
        await owner.sql("SET ROLE NONE", f"DROP OWNED BY {BOT} CASCADE", f"DROP ROLE {BOT}")


RIGHTS = {
    "a table of another role": (
        [],
        lambda m: Table("t", m, key(), Column("a", Integer)),
        r"table t belongs to the role \w+, so the bot's role aha_test_bot may not alter it: ALTER TABLE .t. OWNER TO",
    ),
    "a schema": (
        [f"ALTER TABLE t OWNER TO {BOT}"],
        lambda m: Table("t", m, key(), Column("a", Text, index=True)),
        "may not create anything in the schema public: GRANT CREATE ON SCHEMA",
    ),
    "a table to refer to": (
        [
            f"GRANT CREATE ON SCHEMA public TO {BOT}",
            f"REVOKE REFERENCES ON t FROM {BOT}",
            "CREATE TABLE u (id serial PRIMARY KEY, t integer)",
            f"ALTER TABLE u OWNER TO {BOT}",
        ],
        lambda m: (
            Table("t", m, key(), Column("a", Text)),
            Table("u", m, key(), Column("t", ForeignKey("t.id"))),
        ),
        "the bot's role aha_test_bot may not refer to table t: GRANT REFERENCES ON",
    ),
}


@pytest.mark.parametrize(("grants", "release", "message"), RIGHTS.values(), ids=RIGHTS.keys())
async def test_a_right_that_is_missing_is_named_before_anything_is_changed(as_bot, grants, release, message):
    bot = await as_bot(*grants)
    with pytest.raises(DatabaseError, match=message):
        await bot.release(release)
    assert not [statement for statement in bot.statements if not statement.startswith("SET")]


async def test_the_owner_of_a_view_that_has_to_be_made_again_is_named(as_bot):
    grants = f"ALTER TABLE t OWNER TO {BOT}", f"GRANT ALL ON SCHEMA public TO {BOT}", "CREATE VIEW v AS SELECT a FROM t"
    bot = await as_bot(*grants)
    with pytest.raises(
        DatabaseError, match=r"view v has to be made again: GRANT \"\w+\", its owner, to the bot's role"
    ):
        await bot.release(lambda m: Table("t", m, key(), Column("a", Integer)))


async def test_a_member_of_the_owner_may_change_a_table_without_creating_anything(as_bot):
    bot = await as_bot(f"CREATE ROLE {BOT}_owner", f"ALTER TABLE t OWNER TO {BOT}_owner", f"GRANT {BOT}_owner TO {BOT}")
    try:
        await bot.release(lambda m: Table("t", m, key(), Column("a", Text), Column("b", Text, default="b")))
    finally:
        await bot.sql("SET ROLE NONE", f"DROP OWNED BY {BOT}_owner CASCADE", f"DROP ROLE {BOT}_owner")
