"""Aha IDs in a real database: written down once, the same everywhere, shared when mapped."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, event, text

from core.context import current_event
from core.database import close_database, db_sessionmaker, once, open_database
from core.identity import aha_id2group, aha_id2user, group2aha_id, map_user, user2aha_id
from core.identity.ids import hashed_id
from core.migration.start import expand
from models.core import Group, User
from models.exc import DatabaseNotOpen, IdentityError


@pytest.fixture
async def database(database_url):
    await open_database(database_url)
    await expand([])
    yield database_url
    await close_database()


@pytest.fixture
def statements(database):
    """The statements that the database is sent from now on."""
    sent: list[str] = []

    def record(connection, cursor, statement, parameters, context, executemany):
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", record)
    yield sent
    event.remove(Engine, "before_cursor_execute", record)


@pytest.fixture
def weak_hash(monkeypatch):
    """Everybody hashes to 7; with salt 1 to 8, and so on."""
    monkeypatch.setattr("core.identity.space.hashed_id", lambda kind, key, *, salt=0: 7 + salt)


def during(platform: str, **fields):
    """Make an event of `platform` the current one of this test's task."""
    current_event.set(SimpleNamespace(platform=platform, **fields))


async def rows(table: str = "aha_user") -> list[tuple]:
    async with db_sessionmaker() as session:
        found = await session.execute(text(f"SELECT platform, id, aha_id, own_id FROM {table} ORDER BY platform, id"))
        return [tuple(row) for row in found]


async def restart(url: str) -> None:
    await close_database()
    await open_database(url)


async def test_an_aha_id_is_the_hash_and_leads_back_after_a_restart(database):
    user, group = await user2aha_id("QQ", "1"), await group2aha_id("QQ", "1")
    assert (user, group) == (hashed_id("user", ("QQ", "1")), hashed_id("group", ("QQ", "1")))
    await restart(database)
    assert await aha_id2user(user) == User("QQ", "1")
    assert await aha_id2group(group) == Group("QQ", "1")
    assert await aha_id2user(group) is None


@pytest.mark.parametrize("beyond", [2**63, -(2**63) - 1, 2**65], ids=str)
async def test_nobody_has_a_number_beyond_64_bits(database, beyond):
    assert await aha_id2user(beyond) is None
    assert await aha_id2group(beyond) is None


async def test_a_number_is_taken_for_its_text(database):
    assert await user2aha_id("QQ", 1) == await user2aha_id("QQ", "1")


async def test_what_is_not_named_comes_from_the_current_event(database):
    during("QQ", user_id="1", group_id="2")
    assert await user2aha_id() == await user2aha_id("1") == await user2aha_id("QQ", "1")
    assert await group2aha_id() == await group2aha_id("2") == await group2aha_id("QQ", "2")


@pytest.mark.parametrize("bad", ["1\0", "\ud83d", "", None], ids=ascii)
async def test_an_id_that_cannot_be_stored_is_a_clear_error(database, bad):
    with pytest.raises(IdentityError):
        await user2aha_id("QQ", bad)
    with pytest.raises(IdentityError):
        await map_user("QQ", bad, "QQ", bad)
    assert await rows() == []


async def test_only_the_first_sight_of_a_user_is_written_and_the_rest_asks_nothing(database, statements):
    await user2aha_id("QQ", "1")
    assert sum(statement.startswith("INSERT") for statement in statements) == 1
    statements.clear()
    await user2aha_id("QQ", "1")
    assert statements == []
    await restart(database)
    await user2aha_id("QQ", "1")
    assert sum("aha_user" in statement for statement in statements) == 1
    assert not any(statement.startswith("INSERT") for statement in statements)


async def test_fifty_events_of_one_new_user_at_once_write_one_row(database):
    ids = await asyncio.gather(*(user2aha_id("QQ", "1") for _ in range(50)))
    assert set(ids) == {hashed_id("user", ("QQ", "1"))}
    assert len(await rows()) == 1


async def test_processes_that_meet_the_same_users_agree(database):
    code = f"""
import asyncio
from core.database import close_database, open_database
from core.identity import user2aha_id
import core.identity.space as space

space.hashed_id = lambda kind, key, *, salt=0: int(key[1]) // 4 + 100 * salt  # four users to a number

async def main():
    await open_database({database!r})
    print(await asyncio.gather(*(user2aha_id("QQ", str(n)) for n in range(40))))
    await close_database()

asyncio.run(main())
"""
    await close_database()
    start = partial(asyncio.create_subprocess_exec, sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    processes = [await start() for _ in range(3)]
    answers = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len({out for out, _ in answers}) == 1
    await open_database(database)
    assert len({own_id for *_, own_id in await rows()}) == 40


async def test_a_collision_gives_the_second_user_another_number_for_good(database, weak_hash):
    ids = await asyncio.gather(*(user2aha_id("QQ", str(n)) for n in range(20)))
    assert sorted(ids) == list(range(7, 27))
    await restart(database)
    assert await asyncio.gather(*(user2aha_id("QQ", str(n)) for n in range(20))) == ids
    assert [await aha_id2user(aha_id) for aha_id in ids] == [User("QQ", str(n)) for n in range(20)]


@pytest.mark.parametrize(
    ("mappings", "together"),
    [
        pytest.param(["a>b"], ["ab", "c"], id="one onto another"),
        pytest.param(["a>c", "b>c"], ["abc"], id="two onto one"),
        pytest.param(["a>b", "b>c"], ["abc"], id="those mapped before come along"),
        pytest.param(["b>c", "a>b"], ["abc"], id="onto one that is mapped"),
        pytest.param(["a>b", "b>a"], ["ab", "c"], id="in a circle"),
        pytest.param(["a>b", "a>c"], ["ac", "b"], id="mapped anew"),
        pytest.param(["a>b", "a>a"], ["a", "b", "c"], id="taken back"),
    ],
)
async def test_mapped_users_share_an_aha_id(database, mappings, together):
    for mapping in mappings:
        user, target = mapping.split(">")
        assert await map_user("QQ", user, "QQ", target) == await user2aha_id("QQ", target)
    for _ in range(2):
        sharing: dict[int, str] = {}
        for user in "abc":
            aha_id = await user2aha_id("QQ", user)
            sharing[aha_id] = sharing.get(aha_id, "") + user
        assert sorted(sharing.values()) == together
        await restart(database)


async def test_a_shared_aha_id_leads_to_the_user_on_the_current_platform_or_to_the_first(database):
    aha_id = await map_user("QQ", "1", "TG", "2")
    assert await aha_id2user(aha_id) == User("TG", "2")
    during("QQ", user_id="9")
    assert await aha_id2user(aha_id) == User("QQ", "1")
    during("elsewhere", user_id="9")
    assert await aha_id2user(aha_id) == User("TG", "2")


async def test_the_number_from_before_a_mapping_still_leads_to_the_user(database):
    before = await user2aha_id("QQ", "1")
    assert await map_user("QQ", "1", "TG", "2") != before
    assert await aha_id2user(before) == User("QQ", "1")


async def test_what_is_read_while_a_mapping_is_written_is_not_remembered(database):
    users = [("QQ", str(n)) for n in range(20)]
    target = await user2aha_id("TG", "0")
    await asyncio.gather(*(map_user(*user, "TG", "0") for user in users), *(user2aha_id(*user) for user in users * 3))
    assert {await user2aha_id(*user) for user in users} == {target}


async def test_another_database_knows_nobody(database, tmp_path):
    aha_id = await user2aha_id("QQ", "1")
    assert await aha_id2user(aha_id) == User("QQ", "1")
    await restart(f"sqlite:///{tmp_path / 'other.db'}")
    await expand([])
    assert await aha_id2user(aha_id) is None
    await user2aha_id("QQ", "1")
    assert len(await rows()) == 1


async def test_without_a_database_even_a_known_user_is_an_error(database):
    await user2aha_id("QQ", "1")
    await close_database()
    with pytest.raises(DatabaseNotOpen):
        await user2aha_id("QQ", "1")


async def test_a_handler_in_the_middle_of_writing_gets_the_same_number(database):
    async with db_sessionmaker() as session:
        await session.execute(text("INSERT INTO aha_group VALUES ('QQ', '1', 1, 1)"))
        during_writing = await user2aha_id("QQ", "1")
    assert during_writing == await user2aha_id("QQ", "1")
    assert await aha_id2user(during_writing) == User("QQ", "1")


async def test_what_could_not_be_written_is_not_remembered(database):
    async with db_sessionmaker() as session:
        await session.execute(text("ALTER TABLE aha_user RENAME TO away"))
        await session.commit()
    with pytest.raises(Exception, match="aha_user"):
        await user2aha_id("QQ", "1")
    async with db_sessionmaker() as session:
        await session.execute(text("ALTER TABLE away RENAME TO aha_user"))
        await session.commit()
    await user2aha_id("QQ", "1")
    assert len(await rows()) == 1


async def test_what_is_taken_back_with_the_work_that_wrote_it_is_not_remembered(database):
    @once("look up")
    async def fails():
        await map_user("QQ", "1", "TG", "2")
        await aha_id2user(await user2aha_id("QQ", "1"))
        raise LookupError

    with pytest.raises(LookupError):
        await fails()
    own = hashed_id("user", ("QQ", "1"))
    assert await aha_id2user(own) is None
    assert await user2aha_id("QQ", "1") == own
    assert await map_user("QQ", "1", "TG", "2") == hashed_id("user", ("TG", "2"))


async def test_memory_is_bounded_and_grows_stale(database, statements, monkeypatch):
    monkeypatch.setattr("core.identity.space._MOST_REMEMBERED", 3)
    for n in range(4):
        await user2aha_id("QQ", str(n))
    statements.clear()
    await user2aha_id("QQ", "3")
    assert statements == []
    await user2aha_id("QQ", "0")
    assert len(statements) == 1
    monkeypatch.setattr("core.identity.space.monotonic", lambda: float("inf"))
    await user2aha_id("QQ", "0")
    assert len(statements) == 2
