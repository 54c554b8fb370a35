"""`aha.testing`: what the author of a module can rely on in tests."""

import asyncio
import gc
import logging
import sys
import textwrap
import weakref

import pytest

import modules
from aha.testing import running_bot
from core.config import cfg
from core.context import current_event, current_module
from core.database import db_engine, metadata
from core.dispatcher import dispatcher, help_items
from models.api import Notice
from models.exc import DatabaseNotOpen, ModuleError, UsageError
from models.msg import At, Image, Reply, Text

COUNTER = """
    from sqlalchemy import BigInteger
    from sqlalchemy.orm import Mapped, mapped_column
    from core.config import cfg
    from core.database import db_sessionmaker, dbBase
    from core.dispatcher import on_message, on_start
    from models.api import Message
    from services.data_store import SimpleStore

    class Count(dbBase):
        __tablename__ = "count"
        user: Mapped[int] = mapped_column(BigInteger, primary_key=True)
        times: Mapped[int]

    store = SimpleStore()
    step = cfg.register("step", 1)

    @on_message("count", register_help={"count": "counts"})
    async def count(event: Message):
        async with db_sessionmaker() as session:
            row = await session.get(Count, await event.user_aha_id()) or Count(user=await event.user_aha_id(), times=0)
            row.times += step
            session.add(row)
            await session.commit()
        store["total"] = store.get("total", 0) + step
        await event.send(f"{row.times} of {store['total']}")
"""


@pytest.fixture
def module(tmp_path):
    """Write a module and return its path."""

    def write(code, name="probe"):
        path = tmp_path / "modules" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"from core.dispatcher import *\nfrom models.api import *\n{textwrap.dedent(code)}")
        return path

    return write


def on(condition, body):
    """A module with one callback."""
    return f"@on_message({condition!r})\nasync def _(event: Message):\n" + textwrap.indent(
        textwrap.dedent(body), "    "
    )


async def test_data_stays_over_a_restart(module, database_url):
    async with running_bot(modules=[module(COUNTER)], database=database_url) as bot:
        assert await bot.say("count", user="1") == ["1 of 1"]
        assert await bot.say("count", user="2") == ["1 of 2"]
        await bot.restart()
        assert await bot.say("count", user="1") == ["2 of 3"]


async def test_without_a_database_each_bot_begins_afresh(module):
    path = module(COUNTER)
    for _ in range(2):
        async with running_bot(modules=[path]) as bot:
            assert await bot.say("count") == ["1 of 1"]


async def test_a_package_is_a_module_as_well(tmp_path):
    folder = tmp_path / "modules" / "pack"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("from . import inner")
    (folder / "inner.py").write_text(
        f"from core.dispatcher import *\nfrom models.api import *\n{on('a', 'await event.send(__name__)')}"
    )
    async with running_bot(modules=[str(folder)]) as bot:
        assert await bot.say("a") == ["modules.pack.inner"]


async def test_the_configuration_is_what_the_test_says(module, monkeypatch):
    monkeypatch.setenv("AHA_GLOBAL_MSG_PREFIX", "!")
    path = module(COUNTER)
    async with running_bot(modules=[path], config={"modules": {"probe": {"step": 5}}}) as bot:
        assert await bot.say("count") == ["5 of 5"]
        assert cfg.aha.data_dir.is_dir()


async def test_answers_come_in_order_as_text_and_without_the_quote(module):
    body = """
        await event.reply("one")
        await event.send("two", at=True)
        await event.reply(None)
    """
    async with running_bot(modules=[module(on("a", body))]) as bot:
        assert await bot.say("a", user="7") == ["one", f"{At(user_id='7')}two", "None"]
        assert [call.action for call in bot.calls] == ["send_private_msg"] * 3
        assert isinstance(bot.calls[0].message[0], Reply)


async def test_messages_may_be_segments_in_groups_and_from_any_platform(module):
    body = "await event.send(f'{event.platform} {event.group_id} {event.user_id} {len(event.message)}')"
    code = f"from core.expr import Pisgroup\n@on_message(Pisgroup)\nasync def _(event: Message):\n    {body}\n"
    async with running_bot(modules=[module(code)]) as bot:
        said = await bot.say([Text(text="x"), Image(file="y.png")], user="u", group="g", platform="QQ")
        assert said == ["QQ g u 2"]
        assert await bot.say("x") == []


async def test_any_event_can_happen(module):
    code = """
        @on_notice("group_increase")
        async def _(event: Notice):
            await API.send_group_msg(group_id=event.group_id, message="welcome")
    """
    async with running_bot(modules=[module(f"from core.api import API\n{textwrap.dedent(code)}")]) as bot:
        [sent] = await bot.send_event(Notice(event_type="group_increase", user_id="1", group_id="2"))
        assert str(sent) == "welcome"


async def test_the_platform_answers_as_the_test_says(module):
    code = "from core.api import API\n" + on("who", "await event.send((await API.get_login_info())['nickname'])")
    async with running_bot(modules=[module(code)]) as bot:
        bot.answers["get_login_info"] = {"nickname": "Aha"}
        assert await bot.say("who") == ["Aha"]
        bot.answers["get_login_info"] = lambda params: {"nickname": "Oho"}
        assert await bot.say("who") == ["Oho"]
        del bot.answers["get_login_info"]
        with pytest.raises(NotImplementedError, match=r"bot.answers\['get_login_info'\]"):
            await bot.say("who")


async def test_many_may_speak_at_once_and_each_gets_the_answers_to_them(module):
    body = "import asyncio\nawait asyncio.sleep(0)\nawait event.send(event.user_id)"
    async with running_bot(modules=[module(on("who", body))]) as bot:
        said = await asyncio.gather(*(bot.say("who", user=str(n)) for n in range(50)))
        assert said == [[str(n)] for n in range(50)]


async def test_what_a_callback_raises_is_raised_by_say(module):
    async with running_bot(modules=[module(on("a", "1 / 0") + "\n" + on("b", "await event.send('fine')"))]) as bot:
        with pytest.raises(ZeroDivisionError):
            await bot.say("a")
        assert await bot.say("b") == ["fine"]


async def test_a_callback_that_does_not_end_is_a_timeout(module):
    body = "import asyncio\nawait asyncio.wait_for(asyncio.Event().wait(), 0.2)"
    async with running_bot(modules=[module(on("a", body))]) as bot:
        with pytest.raises(TimeoutError, match="within="):
            await bot.say("a", within=0.01)


@pytest.mark.parametrize(
    ("code", "error", "note"),
    [
        pytest.param("1 / 0", ZeroDivisionError, "module probe failed to import", id="import"),
        pytest.param("def f(:", SyntaxError, "module probe failed to import", id="syntax"),
        pytest.param("import nothing_there", ModuleNotFoundError, "module probe failed to import", id="dependency"),
        pytest.param(
            "@on_start\nasync def _():\n    1 / 0", ZeroDivisionError, "module probe failed to start", id="start"
        ),
    ],
)
async def test_a_module_that_fails_raises_with_its_traceback(module, code, error, note):
    path = module(code)
    with pytest.raises(error) as caught:
        async with running_bot(modules=[path]):
            pytest.fail("it ran")
    assert note in caught.value.__notes__
    if error is ZeroDivisionError:
        assert str(caught.traceback[-1].path) == str(path)
    async with running_bot(modules=[]) as bot:
        assert await bot.say("x") == []


@pytest.mark.parametrize("name", ["nowhere.py", "_hidden.py", "DISABLEDprobe.py", "class.py"])
async def test_a_path_that_is_no_module_is_named(tmp_path, name):
    if name != "nowhere.py":
        (tmp_path / name).touch()
    with pytest.raises(ModuleError, match=name):
        async with running_bot(modules=[tmp_path / name]):
            pass


async def test_two_modules_of_one_name_are_refused(module, tmp_path):
    (tmp_path / "probe.py").touch()
    with pytest.raises(ModuleError, match="both called probe"):
        async with running_bot(modules=[module(""), tmp_path / "probe.py"]):
            pass


async def test_two_bots_at_once_are_refused(module):
    path = module(COUNTER)
    async with running_bot(modules=[path]) as bot:
        with pytest.raises(UsageError, match="runs in this process already"):
            async with running_bot(modules=[path]):
                pass
        assert await bot.say("count") == ["1 of 1"]


async def test_a_bot_that_has_stopped_says_so(module):
    async with running_bot(modules=[module(COUNTER)]) as bot:
        pass
    with pytest.raises(UsageError, match="has stopped"):
        await bot.say("count")


async def test_cleanup_runs_at_the_end_and_can_still_send(module):
    code = """
        from core.api import API
        from core.adapter import adapters

        @on_cleanup
        async def _():
            await API.send_private_msg(user_id="1", message="bye", bot="test")
    """
    async with running_bot(modules=[module(code)]) as bot:
        pass
    assert [str(call.message) for call in bot.calls] == ["bye"]


def state():
    """Everything that a bot could leave behind in the process."""
    return {
        "modules": {name for name in sys.modules if name.startswith("modules.")},
        "attributes": set(vars(modules)),
        "path": list(modules.__path__),
        "finders": list(sys.meta_path),
        "tables": set(metadata.tables),
        "config": repr(cfg.get("modules")),
        "help": repr(help_items),
        "context": (current_module.get(), current_event.get()),
        "log handlers": [list(logging.getLogger(name).handlers) for name in (None, "core.dispatcher")],
        "tasks": {task.get_name() for task in asyncio.all_tasks()},
    }


async def test_nothing_is_left_behind(module):
    async with running_bot(modules=[]):
        pass
    before = state()
    async with running_bot(modules=[module(COUNTER)]) as bot:
        await bot.say("count")
        assert state() != before
    assert state() == before
    with pytest.raises(DatabaseNotOpen):
        await db_engine.connect()


@pytest.mark.parametrize("times", [25, pytest.param(300, marks=[pytest.mark.faults, pytest.mark.timeout(600)])])
async def test_it_can_be_used_hundreds_of_times(module, times):
    path = module(COUNTER)
    classes = []
    for _ in range(times):
        async with running_bot(modules=[path]) as bot:
            assert await bot.say("count") == ["1 of 1"]
            classes.append(weakref.ref(sys.modules["modules.probe"].Count))
    gc.collect()
    assert sum(ref() is not None for ref in classes) <= 1


async def test_intake_is_open_again_after_a_bot_has_stopped(module):
    path = module(COUNTER)
    async with running_bot(modules=[path]) as bot:
        await bot.restart()
        assert await bot.say("count") == ["1 of 1"]
    dispatcher.open_intake()
