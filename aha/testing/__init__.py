"""What the tests of a module need: a bot inside the test, releases of the module, rows, databases.

    async with running_bot(modules=["modules/notes"]) as bot:
        assert await bot.say("set hello") == []
        await bot.restart()
        assert "hello" in (await bot.say("get"))[0]

It is the bot that `aha run` runs, with an adapter that keeps what is sent: no process, no socket.

That a new release keeps the data of the one before is shown by starting both on one database. With the fixtures of
`aha.pytest_plugin`, on SQLite and PostgreSQL in turn:

    async def test_stars_become_points(aha_bot, aha_release, aha_database):
        async with aha_bot(aha_release("modules/notes", git="v1.2"), database=aha_database) as bot:
            await bot.insert("note", {"id": 1, "stars": 3})
        async with aha_bot("modules/notes", database=aha_database) as bot:
            assert await bot.rows("note") == [{"id": 1, "points": Decimal("3.00")}]

The first start is that of the release with the tag v1.2, as git has it; `aha_release("notes", source)` makes a release
from a text instead. A second `await bot.restart()` shows that a callback does not do its work twice.
"""

from aha.testing.bot import Call, RunningBot, running_bot
from aha.testing.releases import release

__all__ = ["Call", "RunningBot", "release", "running_bot"]
