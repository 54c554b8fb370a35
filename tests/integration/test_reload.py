"""Code of modules is changed while the bot runs: what comes, what stays, and what goes on when the new code fails."""

from __future__ import annotations

from tests.reloaded_bot import answering, reloaded_bot


async def test_a_new_reply(sqlite_url, tmp_path):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": answering("'old'")}) as bot:
        assert await bot.say("hi") == ["old"]
        outcome = await bot.reload({"a.py": answering("'new'")}, "a")
        assert (outcome.reloaded, outcome.ok) == (("a",), True)
        assert await bot.say("hi") == ["new"]


async def test_new_code_that_fails_to_import_leaves_the_old(sqlite_url, tmp_path, caplog):
    async with reloaded_bot(tmp_path, sqlite_url, {"a.py": answering("'old'")}) as bot:
        for code in ["def f(:", answering("'new'") + "\n1 / 0\n", "exit()"]:
            outcome = await bot.reload({"a.py": code})
            assert not outcome.ok
            assert outcome.failed["a"].startswith("was not reloaded, the old code goes on: it failed to import:")
            assert await bot.say("hi") == ["old"]
        await bot.reload({"a.py": answering("'mended'")})
        assert await bot.say("hi") == ["mended"]
