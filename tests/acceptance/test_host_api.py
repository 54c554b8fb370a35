"""The module-facing surface as modules meet it: each scenario is a module in a running bot, and what is said to it."""

import asyncio
import importlib
import textwrap

import pytest

from aha.testing import running_bot
from models.api import MetaEvent, Notice, Request
from models.msg import At, Image

HEAD = """
import asyncio
import re
from core.api import API
from core.config import Option, cfg
from core.database import db_engine, db_sessionmaker, dbBase, metadata
from core.dispatcher import *
from core.expr import *
from core.identity import *
from models.api import *
from models.core import Group, User
from models.msg import *
from services.data_store import SimpleStore
from utils.aha import at_or_str, parse_aha_code
"""

NAMES = {
    "core.database": "dbBase metadata db_sessionmaker db_engine",
    "utils.sqlalchemy": "upsert insert_ignore",
    "core.dispatcher": "on_message on_notice on_request on_meta on_external on_start on_cleanup help_items"
    " process_external process_message",
    "core.expr": "PM Pmsg Pmsg_chain Pcommand Pisgroup Pisprivate Pgid Puid Pgroup Puser Pplatform Pbot Pprefix Padmin"
    " Psuper Pvalidated Plimit And Or Not",
    "models.api": "Message Notice Request MetaEvent External",
    "models.core": "User Group",
    "models.msg": "MsgSeg Text At Reply Image Sticker Record Video File Downloadable Share Contact Location Music Json"
    " Xml Markdown Forward Node MessageChain MsgSeq",
    "utils.aha": "parse_aha_code at_or_str",
    "core.identity": "user2aha_id group2aha_id aha_id2user aha_id2group map_user",
    "core.config": "cfg Option",
    "core.api": "API select_bot SS",
    "core.i18n": "_",
    "services.data_store": "SimpleStore",
}


@pytest.mark.parametrize("path", NAMES)
def test_every_documented_name_stands_where_modules_import_it(path):
    module = importlib.import_module(path)
    assert [name for name in NAMES[path].split() if not hasattr(module, name)] == []


@pytest.fixture
def bot(tmp_path):
    """Start a bot with modules from their code."""

    def start(config=None, **codes):
        for name, code in codes.items():
            (tmp_path / f"{name}.py").write_text(HEAD + textwrap.dedent(code))
        return running_bot(modules=[tmp_path / f"{name}.py" for name in codes], config=config)

    return start


FOUND = "async def _(event, match_, args):\n    await event.send(repr((match_ and match_.groups(), args)))"
CONDITIONS = {
    "a str": ('"h(.)"', {"HI": (("I",), []), "hi ": None}),
    "a pattern": ('re.compile("h(.)")', {"hi": (("i",), []), "HI": None}),
    "a list": ('["set", Text]', {"set a": (None, ["a"]), "set a\nb c": (None, ["a\nb c"]), "set a b": None}),
    "a number": ('["set", int]', {"set 5": (None, [5]), "set x": None}),
    "prefixof": ('Pcommand.prefixof(["echo"])', {"echo a b": (None, ["a", "b"]), "echoes": None}),
    "suffixof": ('Pcommand.suffixof(["x", int])', {"a x 1": (None, [1]), "x 1 a": None}),
    "a lone word": ('Pcommand == "ping"', {"ping": (None, []), "ping x": None}),
    "side by side": ('Pmsg.match("(.)"), ["a", str]', {"a b": (("a",), ["b"]), "b b": None}),
    "or keeps what held": (
        'Or(["set", int], And(["set", str], Pmsg.search("(x)")))',
        {"set 5": (None, [5]), "set x": (("x",), ["x"]), "set y": None},
    ),
    "not finds nothing": ('~(Pcommand == ["set", str]), Pmsg.search("(t)")', {"set": (("t",), []), "set t": None}),
    "error on one side": ('(Pcommand[5] == "x") | (Pmsg == "a")', {"a": (None, []), "b": None}),
    "pass-through": (r'Pmsg.search(r"a(.+)")[1].lower() == "x"', {"aX": (("X",), []), "b": None}),
    "a field": ('Puser == User("testing", "1"), Pbot == "test", Pplatform == "testing"', {"x": (None, [])}),
    "an Aha ID": ('(Puid != 0) & (Pgid == None), Pmsg == "a"', {"a": (None, []), "b": None}),
    "nothing": ("None", {"x": (None, [])}),
}


@pytest.mark.parametrize(("condition", "said"), CONDITIONS.values(), ids=CONDITIONS)
async def test_a_condition_finds(bot, condition, said):
    async with bot(probe=f"@on_message({condition})\n{FOUND}") as running:
        for text, found in said.items():
            assert await running.say(text) == ([] if found is None else [repr(found)])


SEGMENTS = {
    "a type": ("@on_message(Image)\nasync def _(event):", [[Image(file="1")]], ["hi", ["hi", Image(file="1")]]),
    "an annotation": ("@on_message()\nasync def _(event: Message[Image]):", [[Image(file="1")]], ["hi"]),
    "a condition before it": ('@on_message("hi")\nasync def _(event: Message[Image]):', ["hi"], [[Image(file="1")]]),
    "an argument": ('@on_message(["a", At])\nasync def _(event):', [["a ", At(user_id="1")]], ["a 1"]),
    "its code": (
        '@on_message(re.compile(f"kick {At}"))\nasync def _(event):',
        [["kick ", At(user_id="1", name="a,b")]],
        ["kick [Aha:at,user_id=1]"],
    ),
    "a mention or a word": (
        '@on_message(re.compile(f"kick {at_or_str()}"))\nasync def _(event):',
        [["kick ", At(user_id="1")], "kick bob"],
        ["kick", "kick a b"],
    ),
}


@pytest.mark.parametrize(("head", "yes", "no"), SEGMENTS.values(), ids=SEGMENTS)
async def test_segments_are_asked_for_by(bot, head, yes, no):
    async with bot(probe=f'{head}\n    await event.send("yes")') as running:
        assert [await running.say(said) for said in yes] == [["yes"]] * len(yes)
        assert [await running.say(said) for said in no] == [[]] * len(no)


EVENTS = {
    "a notice by its type": ('on_notice("notify")', Notice(event_type="notify", sub_type="poke"), True),
    "a notice by both": ('on_notice("notify", "poke")', Notice(event_type="notify", sub_type="poke"), True),
    "another sub-type": ('on_notice("notify", "honor")', Notice(event_type="notify", sub_type="poke"), False),
    "a notice by members": (
        "on_notice(PM.notice == NoticeType.notify, PM.sub_type == SubType.poke)",
        Notice(event_type="notify", sub_type="poke"),
        True,
    ),
    "a notice by its group": ('on_notice(Pgroup == Group("QQ", 9))', Notice(platform="QQ", group_id=9), True),
    "a notice has no sender": ("on_notice(Padmin)", Notice(), False),
    "a request": ('on_request("group", "add")', Request(event_type="group", sub_type="add"), True),
    "a request is no notice": ('on_notice("group")', Request(event_type="group"), False),
    "a meta event": ('on_meta("heartbeat")', MetaEvent(event_type="heartbeat"), True),
    "a meta event by a field": ('on_meta(PM.meta == "lifecycle")', MetaEvent(event_type="heartbeat"), False),
}


@pytest.mark.parametrize(("decorator", "event", "called"), EVENTS.values(), ids=EVENTS)
async def test_other_events_are_asked_for_by(bot, decorator, event, called):
    code = f'@{decorator}\nasync def _(event):\n    await API.send_private_msg(1, "called")'
    async with bot(probe=code) as running:
        assert [str(sent) for sent in await running.send_event(event)] == ["called"] * called


async def test_a_one_shot_answers_one_of_many_at_once_and_never_again(bot):
    code = """
        @on_message(Puser == User("testing", "1"), Puid != 0, exp=60)
        async def _(event):
            await event.send("shot")
    """
    async with bot(probe=code) as running:
        assert await running.say("a", user="2") == []
        assert sorted(await asyncio.gather(*(running.say("a") for _ in range(3)))) == [[], [], ["shot"]]
        assert await running.say("a") == []


async def test_a_callback_can_wait_for_the_next_message_of_its_user(bot):
    code = """
        @on_message("ask")
        async def _(event):
            answer = asyncio.get_running_loop().create_future()

            @on_message(Puser == event.user, exp=60)
            async def _(event):
                answer.set_result(event.message_str)

            await process_message(Message(message="blue", user_id=event.user_id))
            await event.reply(await answer)
    """
    async with bot(probe=code) as running:
        assert await running.say("ask") == ["blue"]


async def test_the_pre_hook_and_what_a_callback_changes_stay_its_own(bot):
    code = """
        def loud(chain):
            chain.append("!")
            return chain

        @on_message("a!", pre_hook=loud)
        async def _(event):
            await event.send(event.message)
            event.message.append("changed")

        @on_message("a")
        async def _(event):
            await event.send(event.message)
    """
    async with bot(probe=code) as running:
        assert await running.say("a") == ["a!", "a"]


async def test_external_events_reach_the_callbacks_under_their_key(bot):
    code = """
        @on_external("key")
        async def first(data):
            data.append(1)
            await API.send_private_msg(1, str(data))

        async def second(event, data, localizer):
            await API.send_private_msg(1, f"{event.lang} {data} {localizer('text')}")

        on_external("key", callback=second)

        @on_message("go")
        async def _(event):
            await process_external(External(key="key", data=[0], lang="zh"))
            await process_external(External(key="nobody"))
    """
    async with bot(probe=code) as running:
        assert await running.say("go") == ["[0, 1]", "zh [0] text"]


FAILING = {
    "a callback": 'async def _(event):\n    raise KeyError("probe")',
    "exit()": "async def _(event):\n    raise SystemExit",
    "cancellation": "async def _(event):\n    raise asyncio.CancelledError",
    "a sending": "async def _(event):\n    await API.get_status()",
}


@pytest.mark.parametrize("body", FAILING.values(), ids=FAILING)
async def test_a_callback_that_fails_touches_no_other(bot, body):
    code = f'@on_message()\n{body}\n\n@on_message()\nasync def _(event):\n    await event.send("still here")'
    async with bot(probe=code) as running:
        for _ in range(2):
            try:
                await running.say("a")
            except (KeyError, SystemExit, NotImplementedError, asyncio.CancelledError):
                continue
        assert [str(call.message) for call in running.calls if call.message is not None] == ["still here"] * 2


@pytest.mark.parametrize("hook", ["lambda chain: 1 / 0", "lambda chain: None"])
async def test_a_pre_hook_that_fails_is_a_condition_that_does_not_hold(bot, hook):
    code = f'@on_message(pre_hook={hook})\n{FOUND}\n\n@on_message()\nasync def _(event):\n    await event.send("ok")'
    async with bot(probe=code) as running:
        assert await running.say("a") == ["ok"]


async def test_what_on_start_may_ask_and_what_it_may_not(bot):
    code = """
        seen = []

        @on_start()
        def plain():
            seen.append("plain")

        @on_start
        async def _():
            for ask in (lambda: API.get_status(), lambda: user2aha_id(), lambda: user2aha_id("5")):
                try:
                    await ask()
                except Exception as error:
                    seen.append(type(error).__name__)
            seen.append(await aha_id2user(await map_user("QQ", 5, "testing", 1)))
            seen.append(await aha_id2user(1))

        @on_message("seen")
        async def _(event):
            await event.send(str(seen))

        @on_message("same")
        async def _(event):
            ids = {await event.user_aha_id(), await user2aha_id(), await user2aha_id("1"), await user2aha_id("QQ", "5")}
            await event.send(str(len(ids)))
    """
    errors = ["plain", "UsageError", "IdentityError", "IdentityError"]
    async with bot(probe=code) as running:
        assert await running.say("seen") == [f"{errors}"[:-1] + ", User(platform='testing', user_id='1'), None]"]
        assert await running.say("same") == ["1"]


async def test_a_module_that_another_imports_keeps_its_own_name(bot):
    lib = """
        from sqlalchemy import Column, Integer, Table
        step = cfg.register("step", 1)
        table = Table("t", metadata, Column("id", Integer, primary_key=True))

        def answer(word):
            @on_message(word)
            async def _(event):
                await event.send(f"{table.name} {step} {cfg.get('step')}")

        answer("lib")
    """
    probe = """
        from sqlalchemy import Column, Integer
        from modules.lib import answer

        class T(dbBase):
            __tablename__ = "t"
            id = Column(Integer, primary_key=True)

        answer("probe")

        @on_message("own")
        async def _(event):
            await event.send(f"{T.__table__.name} {cfg.get('step')} {db_engine.dialect.name}")
    """
    async with bot({"modules": {"lib": {"step": 3}}}, probe=probe, lib=lib) as running:
        assert await running.say("lib") == ["t__lib 3 3"]
        assert await running.say("probe") == ["t__lib 3 None"]
        assert await running.say("own") == ["t__probe None sqlite"]


async def test_the_end_comes_in_the_documented_order(bot):
    code = """
        store = SimpleStore()

        @on_message("slow")
        async def _(event):
            await asyncio.sleep(0)
            store["order"] = ["callback"]

        @on_cleanup
        async def _():
            async with db_sessionmaker():
                await API.send_private_msg(1, "still connected")
            store["order"] = [*store["order"], "cleanup"]

        @on_cleanup()
        def fails():
            raise ValueError

        @on_cleanup()
        def last():
            store["order"] = [*store["order"], "last"]

        @on_message("order")
        async def _(event):
            await event.send(" ".join(store["order"]))
    """
    async with bot(probe=code) as running:
        talking = asyncio.ensure_future(running.say("slow"))
        await asyncio.sleep(0)
        await running.restart()
        await talking
        assert [str(call.message) for call in running.calls] == ["still connected"]
        assert await running.say("order") == ["callback cleanup last"]


DEFAULTS = {
    "nothing configured": ({}, ["plain", "user", "group", "place"]),
    "a user denied": ({"default_user_list": ["testing:1"]}, ["user"]),
    "only others allowed": ({"default_user_list": ["QQ:1"], "default_user_list_mode": "whitelist"}, ["user"]),
    "no private chats": ({"private": False}, ["place"]),
}


@pytest.mark.parametrize(("aha", "answers"), DEFAULTS.values(), ids=DEFAULTS)
async def test_a_default_condition_holds_unless_the_callback_mentions_its_field(bot, aha, answers):
    mentions = {"plain": "None", "user": "Puser != None", "group": "Pgroup == None", "place": "Pisprivate"}
    code = "\n".join(
        f'@on_message({mention})\nasync def _(event):\n    await event.send("{name}")\n'
        for name, mention in mentions.items()
    )
    async with bot({"aha": aha}, probe=code) as running:
        assert await running.say("a") == answers


async def test_help_is_registered_with_the_callback(bot):
    code = """
        @on_message("a", register_help={"a": "does it"})
        async def _(event):
            await event.send(str([(item.command, item.description) for item in help_items]))
    """
    async with bot(probe=code) as running:
        assert await running.say("a") == ["[('a', 'does it')]"]
