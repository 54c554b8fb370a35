"""A bot whose modules are edited under a steady load: every message is answered exactly once, by old or by new code."""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from core.database import close_database, db_engine, open_database
from tests.acceptance.edited_shop import CALM, TILL, Shop
from tests.acceptance.reloading import Chat, Stage
from tests.load import steady
from tests.onebot_peer import listening_peer

pytestmark = pytest.mark.timeout(300)  # on a machine that has much else to do

EVERYTHING = (
    Stage.edit_the_reply,
    Stage.edit_a_helper,
    Stage.add_a_column,
    Stage.rename_a_column,
    Stage.change_a_type,
    Stage.ask_several_times_at_once,
    Stage.edit_the_database,
    Stage.break_the_syntax,
    Stage.name_what_is_not_there,
    Stage.fail_at_the_start,
    Stage.let_a_callback_end,
    Stage.start_slowly,
    Stage.come_and_go,
)

OF_TABLES = (Stage.edit_the_reply, Stage.change_a_type, Stage.edit_the_database)
OF_CODE = (
    Stage.edit_the_reply,
    Stage.edit_a_helper,
    Stage.add_a_column,
    Stage.edit_the_database,
    Stage.break_the_syntax,
    Stage.come_and_go,
)

LEFT_BEHIND = re.compile("Exception ignored|never retrieved|never awaited|was destroyed|left behind")


@pytest.fixture
def shop(write):
    write({**Shop().files, "till.py": TILL, "calm.py": CALM})


@pytest.fixture
def perform(shop, start, run, folder):
    """Start a bot, have the body act while a load is on, and see that nothing was lost, by chat or database."""

    def configure(**settings):
        # Nobody cuts the power here, and a slow disk must not set the pace.
        settings["aha"] = {"database": {"synchronous": "normal"}}
        (folder / "config.yml").write_text(json.dumps(settings))

    @asynccontextmanager
    async def by_onebot(*arguments):
        async with listening_peer() as peer:
            texts = []
            for action in ("send_msg", "send_private_msg"):
                peer.answers[action] = lambda call: _taken(texts, call)
            configure(bots=[{"adapter": "onebot", "id": "main", "url": peer.url}])
            process = start("run", *arguments)
            await peer.connected()
            yield process, Chat(peer.say, lambda: _emptied(texts))
            assert await asyncio.to_thread(process.end, signal.SIGTERM) == 0, process.err

    @asynccontextmanager
    async def by_console(*arguments):
        configure()
        process = start("run", "--adapter", "console", *arguments).ready()
        seen = 0

        def heard():
            nonlocal seen
            new = "".join(process.out[seen:].rpartition("\n")[:2])
            seen += len(new)
            return new.splitlines()

        async def say(line):
            await asyncio.to_thread(process.say, line)

        yield process, Chat(say, heard)
        assert await asyncio.to_thread(process.end) == 0, process.err

    @asynccontextmanager
    async def perform(database, *, over="onebot", by_command=False):
        arguments = ["--db", database, *([] if by_command else ["--reload"])]
        bot = {"onebot": by_onebot, "console": by_console}[over]
        async with bot(*arguments) as (process, chat), steady(chat.say_numbered, chat.numbered) as load:
            stage = Stage(process, chat, load, modules=folder / "modules", command=run, by_command=by_command)
            await stage.answers(Shop())
            yield stage
        load.listen()
        assert load.not_once == {}, process.err
        stage.answered_in_turn()
        assert not LEFT_BEHIND.search(process.err), process.err
        await _see_rows(database, stage)
        _see_store(run("run", "--adapter", "console", "--db", database, text="stock\n").out, stage)

    return perform


def _taken(texts, call):
    texts.append("".join(segment["data"].get("text", "") for segment in call["params"]["message"]))
    yield {"status": "ok", "retcode": 0, "data": {"message_id": len(texts)}, "echo": call["echo"]}


def _emptied(texts):
    taken, texts[:] = texts[:], []
    return taken


async def _see_rows(database, stage):
    """See that each message wrote its rows once, by the code that answered it, and that no value of them was lost."""
    answers = {number: texts[0] for number, texts in stage.load.answers.items()}
    shop = {number: answer for number, answer in answers.items() if answer.startswith("shop")}
    sale, customer = stage.shop.sale, stage.shop.customer
    names = ", ".join(["number", "reply", *(column.name for column in sale)])
    plain = ", ".join(["number", *(column.name for column in customer)])
    calm = sorted(number for number, answer in answers.items() if answer.startswith("calm"))
    assert await _rows(database, f"SELECT {names} FROM sale__shop") == [
        (number, int(answer.split()[1].removeprefix("reply=")), *(_value(column, number, answer) for column in sale))
        for number, answer in sorted(shop.items())
    ]
    assert await _rows(database, f"SELECT {plain} FROM customer__shop") == [
        (number, *(0 for _ in customer)) for number in sorted(shop)
    ]
    assert await _rows(database, "SELECT number FROM breath__calm") == [(number,) for number in calm]
    if guests := sorted((int(line.split()[1]),) for line in stage.chat.others if line.startswith("guest")):
        assert await _rows(database, "SELECT number FROM visit__guest") == guests


def _value(column, number, answer):
    """What the message of that number wrote into this column, if whoever answered it knew it by one of its names."""
    _, _, known = answer.partition("sale=")
    value = number if {*column.names} & {*known.partition(" ")[0].split(",")} else 0
    return str(value) if column.is_text else value


async def _rows(database, select):
    await open_database(database, read_only=True)
    try:
        async with db_engine.connect() as connection:
            return sorted(tuple(row) for row in await connection.execute(text(select)))
    finally:
        await close_database()


def _see_store(told, stage):
    sold = sum(texts[0].startswith("shop") for texts in stage.load.answers.values())
    assert told == f"stock {sold} {sold} {sold}\n"


async def test_edits_that_the_bot_sees(perform, sqlite_url):
    async with perform(sqlite_url) as stage:
        for step in EVERYTHING:
            await step(stage)


async def test_edits_that_the_bot_is_told_of(perform, postgres_url):
    async with perform(postgres_url, by_command=True) as stage:
        for step in OF_TABLES:
            await step(stage)


async def test_edits_while_lines_are_piped_into_the_console(perform, sqlite_url):
    async with perform(sqlite_url, over="console", by_command=True) as stage:
        for step in OF_CODE:
            await step(stage)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(2))
async def test_a_minute_of_edits_in_any_order(perform, database_url, seed):
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    async with perform(database_url) as stage:
        end = loop.time() + 60
        while loop.time() < end:
            await chance.choice(EVERYTHING)(stage)
