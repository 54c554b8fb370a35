"""Wishes to a bot that runs, over its real socket, from real messages and from real files; a stand-in does the work."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import stat
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aha import steps
from aha.control import chat as chats
from aha.control import server as servers
from aha.control import serving as servings
from aha.control import watching
from aha.control.client import NoBot, tell
from aha.control.pending import PENDING_FILE
from aha.control.serving import Desk, serving
from aha.control.sockets import SOCKET_FILE, connected, listening
from aha.control.wishes import LONGEST, Wish
from core.adapter import Adapter, adapters
from core.config import cfg
from core.port import port_for
from core.reload import ask
from models.api import Message
from models.exc import AhaError, ModuleError, UsageError

PATIENCE = 20


@dataclass
class Outcome:
    said: str
    ok: bool = True

    def text(self, lang):
        return f"{self.said} ({lang})"

    def to_json(self):
        return {"said": self.said}


@dataclass
class StandIn:
    """A reloader that notes what it is asked for; what is in `going` has to be let go on."""

    asked: asyncio.Queue = field(default_factory=asyncio.Queue)
    going: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    ok: bool = True
    is_stubborn: bool = False
    has_missed: tuple = ()

    def __post_init__(self):
        self.going.set()

    async def reload(self, names=(), *, with_database=()):
        return await self._do("reload", *names, *(f"+{name}" for name in with_database))

    async def follow(self, names, *, again=False):
        return await self._do("follow", *names)

    async def missed(self):
        return self.has_missed

    async def _do(self, *what):
        self.asked.put_nowait(" ".join(what))
        await self.going.wait()
        if self.error is not None:
            raise self.error
        return Outcome(" ".join(what), self.ok)

    async def break_off(self):
        if not self.is_stubborn:
            self.error = ModuleError("broken off")
            self.going.set()

    async def next(self):
        return await asyncio.wait_for(self.asked.get(), PATIENCE)


@pytest.fixture
def reloader():
    return StandIn()


@pytest.fixture
def bot(tmp_path, reloader):
    """Serves for the body, with data and modules in `tmp_path` unless `data` is another folder."""

    @asynccontextmanager
    async def bot(*, data=None, off=None, watch=False, hurry=None):
        data = data or tmp_path / "data"
        (tmp_path / "modules").mkdir(exist_ok=True)
        data.mkdir(parents=True, exist_ok=True)
        desk = Desk(data, tmp_path / "modules", watch=watch)
        async with serving(reloader, desk, off=lambda: off or (), hurry=hurry or asyncio.Event()):
            yield data

    return bot


async def told(data, wish):
    return await asyncio.wait_for(asyncio.to_thread(tell, data, wish), PATIENCE)


async def until(holds):
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)


# --- the socket --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "done"),
    [
        (Wish("reload"), "reload"),
        (Wish("reload", ("a", "b"), ("b",)), "reload a b +b"),
        (Wish("follow", ("a",)), "follow a"),
    ],
    ids=["all", "some", "follow"],
)
async def test_a_wish_is_granted_and_answered(bot, reloader, wish, done):
    async with bot() as data:
        answer = await told(data, wish)
    assert (answer.ok, answer.text, answer.outcome) == (True, f"{done} (en)", {"said": done})
    assert reloader.asked.qsize() == 1


async def test_a_failure_is_answered(bot, reloader):
    reloader.ok = False
    async with bot() as data:
        assert not (await told(data, Wish("reload"))).ok


@pytest.mark.parametrize("error", [UsageError("there is no module x"), AhaError("no")], ids=["usage", "other"])
async def test_what_cannot_be_tried_is_raised_at_the_other_end(bot, reloader, error):
    reloader.error = error
    async with bot() as data:
        with pytest.raises(type(error), match=str(error)):
            await told(data, Wish("reload", ("x",)))


async def test_a_fault_of_ours_is_in_the_log_and_the_bot_takes_wishes_still(bot, reloader, caplog):
    reloader.error = ZeroDivisionError("oops")
    async with bot() as data:
        with pytest.raises(AhaError, match="its log says how"):
            await told(data, Wish("reload"))
        assert "oops" in caplog.text
        reloader.error = None
        assert (await told(data, Wish("reload"))).ok


async def test_a_bot_with_another_folder_of_modules_says_so(bot, reloader, tmp_path):
    async with bot() as data:
        assert (await told(data, Wish("follow", ("a",), modules=str(tmp_path / "other")))).elsewhere
        assert not (await told(data, Wish("follow", ("a",), modules=str(tmp_path / "modules")))).elsewhere
    assert reloader.asked.qsize() == 1


@pytest.mark.parametrize(
    "sent",
    [b"", b"garbage\n", b'{"verb": "rel', b"\x00" * 100 + b"\n", b'{"verb": "reload", "names": ["' + b"a" * LONGEST],
    ids=["nothing", "garbage", "half a line", "zeros", "too long"],
)
async def test_garbage_harms_nobody(bot, reloader, sent, caplog):
    async with bot() as data:
        client = connected(data)
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        answer = await asyncio.to_thread(client.makefile("rb").readline)
        client.close()
        assert json.loads(answer)["usage"]
        assert (await told(data, Wish("reload"))).ok
    assert reloader.asked.qsize() == 1
    assert not caplog.records


async def test_ten_megabytes_without_a_line_break_are_not_kept(bot, reloader):
    def flood(data):
        client = connected(data)
        try:
            client.sendall(b"x" * 10_000_000)
        except ConnectionError:
            return True
        finally:
            client.close()
        return False

    async with bot() as data:
        assert await asyncio.wait_for(asyncio.to_thread(flood, data), PATIENCE)
        assert (await told(data, Wish("reload"))).ok


async def test_a_client_that_says_nothing_is_not_waited_for(bot, monkeypatch):
    monkeypatch.setattr(servers, "_PATIENCE", 0.05)
    async with bot() as data:
        client = connected(data)
        client.sendall(b"half")
        assert b"error" in await asyncio.to_thread(client.makefile("rb").readline)
        client.close()


async def test_a_bot_that_stops_does_not_wait_for_a_client_that_says_nothing(bot):
    async with bot() as data:
        client = connected(data)
        client.sendall(b"half")
        await asyncio.sleep(0)
    assert await asyncio.to_thread(client.recv, 1) == b""
    client.close()


async def test_a_client_that_dies_stops_nothing(bot, reloader, caplog):
    reloader.going.clear()
    async with bot() as data:
        client = connected(data)
        client.sendall(Wish("reload", ("a",)).line())
        assert await reloader.next() == "reload a"
        client.close()
        reloader.going.set()
        assert (await told(data, Wish("reload", ("b",)))).ok
    assert not caplog.records


async def test_two_clients_at_once_are_both_answered(bot):
    async with bot() as data:
        answers = await asyncio.gather(*(told(data, Wish("reload", (name,))) for name in "ab"))
    assert [answer.outcome["said"] for answer in answers] == ["reload a", "reload b"]


async def test_a_bot_that_stops_answers_first(bot, reloader):
    reloader.going.clear()
    async with bot() as data:
        answering = asyncio.create_task(told(data, Wish("reload")))
        await reloader.next()
        asyncio.get_running_loop().call_later(0.05, reloader.going.set)
    assert (await answering).ok


async def test_a_bot_that_stops_in_a_hurry_breaks_off_and_says_so(bot, reloader, caplog):
    reloader.going.clear()
    hurry = asyncio.Event()
    hurry.set()
    async with bot(hurry=hurry) as data:
        answering = asyncio.create_task(told(data, Wish("reload")))
        await reloader.next()
    with pytest.raises(AhaError, match="broken off"):
        await answering
    await asyncio.sleep(0)  # what the loop calls when a connection has ended
    assert {record.message for record in caplog.records} == {"while stopping: gave up trying to finish a reload"}


async def test_a_bot_that_stops_waits_for_one_reload_once_whoever_wished_it(
    bot, reloader, platform, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(servings, "_PATIENCE", 1.0)
    monkeypatch.setattr(steps, "_GRACE", 0.0)
    reloader.going.clear()
    loop = asyncio.get_running_loop()
    async with bot(watch=True) as data:
        answering = asyncio.create_task(told(data, Wish("reload")))
        await reloader.next()
        ask(event=message(platform))
        await reloader.next()
        (tmp_path / "modules" / "a.py").write_text("")
        await changed(reloader, "a")
        began = loop.time()
    assert loop.time() - began < 1.9
    with pytest.raises(AhaError, match="broken off"):
        await answering
    assert "broken off" in (await platform.next())[2]
    assert [record.message for record in caplog.records] == [
        "while stopping: gave up trying to finish a reload",
        "changed files of a were not taken over: broken off",
    ]


async def test_nothing_is_broken_off_of_what_ends_in_time(bot, reloader):
    async with bot() as data:
        await told(data, Wish("reload"))
    assert reloader.error is None


async def test_without_a_bot_that_is_said(bot, tmp_path):
    async with bot() as data:
        pass
    assert not (data / SOCKET_FILE).exists()
    listening(data).close()  # as if the bot had been killed
    for folder in (data, tmp_path / "nowhere", tmp_path / ("n" * 150)):
        with pytest.raises(NoBot, match="no bot runs with the data folder"):
            await told(folder, Wish("reload"))


async def test_the_socket_of_a_killed_bot_is_replaced(bot, tmp_path, caplog):
    data = tmp_path / "data"
    data.mkdir()
    listening(data).close()
    async with bot():
        assert (await told(data, Wish("reload"))).ok
    assert not caplog.records


async def test_a_file_in_the_place_of_the_socket_stays(bot, tmp_path, caplog):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / SOCKET_FILE).write_text("mine")
    async with bot() as data:
        assert "aha.sock is there and is no socket: remove it" in caplog.text
    assert (data / SOCKET_FILE).read_text() == "mine"


async def test_a_folder_without_sockets_keeps_no_bot_from_running(bot, monkeypatch, caplog):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    async with bot():
        pass
    assert "aha reload cannot reach this bot" in caplog.text
    assert "Operation not permitted" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="long paths are for Linux only")
@pytest.mark.parametrize("length", [60, 200, 1000], ids=str)
@pytest.mark.parametrize("letter", "x数")
async def test_the_path_of_the_data_folder_may_be_long(bot, tmp_path, length, letter):
    data = tmp_path
    while len(str(data)) < len(str(tmp_path)) + length:
        data /= letter * 60
    async with bot(data=data):
        assert (await told(data, Wish("reload"))).ok
        assert (data / SOCKET_FILE).is_socket()
    assert not (data / SOCKET_FILE).exists()


async def test_nobody_else_may_connect_at_any_moment(tmp_path):
    made = listening(tmp_path)
    assert stat.S_IMODE((tmp_path / SOCKET_FILE).stat().st_mode) == 0o600
    with pytest.raises(ConnectionRefusedError):  # it does not listen yet
        connected(tmp_path)
    made.close()


@pytest.fixture
def open_folder():
    """A folder that everybody may enter."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
async def test_another_user_is_refused(bot, reloader, open_folder):
    async with bot(data=open_folder):
        os.seteuid(65534)
        try:
            with pytest.raises(AhaError, match="is another user's: be that user"):
                tell(open_folder, Wish("reload"))
        finally:
            os.seteuid(0)
    assert reloader.asked.empty()


# --- chats -------------------------------------------------------------------------------------------------------


class Platform(Adapter):
    """A platform that may be out of reach."""

    name = "platform"
    platform = "QQ"

    def __init__(self):
        super().__init__(None, bot_id="main", settings={})
        self.sent = asyncio.Queue()
        self.error = None
        self.attempts = 0

    async def run(self):
        pass

    async def stop_intake(self):
        pass

    async def close(self):
        pass

    async def call(self, action, params):
        self.attempts += 1
        if self.error is not None:
            raise self.error
        where = params.get("group_id") or params.get("user_id")
        self.sent.put_nowait((action, where, str(params["message"])))

    async def next(self):
        return await asyncio.wait_for(self.sent.get(), PATIENCE)


@pytest.fixture
def platform():
    adapters["main"] = Platform()
    yield adapters["main"]
    adapters.clear()
    cfg.reset()


def message(platform, *, group=None, **fields):
    told = {"bot_id": "main", "self_id": "1", "platform": "QQ", "adapter": "platform", "user_id": "7"}
    event = Message(**told, group_id=group, message_id="12", **fields)
    event.bind(port_for(platform))
    return event


@pytest.mark.parametrize(
    ("group", "action", "where"),
    [(None, "send_private_msg", "7"), ("20", "send_group_msg", "20")],
    ids=["private", "group"],
)
async def test_who_asks_in_a_chat_is_told_there(bot, reloader, platform, group, action, where):
    async with bot() as data:
        ask(["a", "b"], event=message(platform, group=group))
        assert await platform.next() == (action, where, "[Aha:reply,id=12]reload a b (en)")
    assert not (data / PENDING_FILE).exists()


async def test_those_who_ask_are_served_one_after_another(bot, reloader, platform):
    reloader.going.clear()
    async with bot():
        for name in "ab":
            ask([name], event=message(platform))
        assert await reloader.next() == "reload a"
        assert reloader.asked.empty()
        reloader.going.set()
        assert [(await platform.next())[2][-len("reload a (en)") :] for _ in "ab"] == ["reload a (en)", "reload b (en)"]


@pytest.mark.parametrize(
    ("error", "said"),
    [(UsageError("there is no module x; there are: a"), "there is no module x"), (OSError("secret"), "the bot's log")],
    ids=["usage", "fault"],
)
async def test_who_asks_for_what_cannot_be_is_told_so(bot, reloader, platform, error, said):
    reloader.error = error
    async with bot():
        ask(["x"], event=message(platform))
        answer = (await platform.next())[2]
        assert said in answer
        assert "secret" not in answer


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a.b", "a\x00", "..", "a" * 5000, "a\n[Aha:at,user_id=all]", "$(id)"]
)
async def test_what_is_no_name_never_reaches_a_path(bot, reloader, platform, name):
    async with bot():
        ask(["a", name], event=message(platform))
        answer = (await platform.next())[2]
    assert "there is no module" in answer
    assert len(answer) < 150
    assert "[Aha:at" not in answer
    assert reloader.asked.empty()


async def test_answers_are_in_the_language_of_the_bot(bot, reloader, platform):
    cfg.load(values={"aha": {"lang": "zh"}}, environ={})
    async with bot():
        ask(["a"], event=message(platform))
        assert "reload a (zh)" in (await platform.next())[2]
        ask(["a.b"], event=message(platform))
        assert "没有模块 a.b" in (await platform.next())[2]


async def killed(bot, reloader, platform, *asked):
    """Have a bot end in the middle of a reload that was asked for in a chat."""
    hurry = asyncio.Event()
    hurry.set()
    reloader.is_stubborn = True
    reloader.going.clear()
    async with bot(hurry=hurry) as data:
        for names, event in asked:
            ask(names, event=event)
        await reloader.next()
    reloader.going.set()
    assert (data / PENDING_FILE).exists()
    assert platform.sent.empty()
    return data


async def test_who_had_asked_is_told_once_by_the_next_process(bot, reloader, platform):
    asked = ([], message(platform, group="20")), (["b"], message(platform))
    data = await killed(bot, reloader, platform, *asked)
    async with bot(off=["a", "b"]):
        first, second = sorted([await platform.next(), await platform.next()])
        begun = "the bot was started anew before that was done, and runs all modules as their files are now"
        off = "\nbut for these, which are off (its log says why): "
        assert first == ("send_group_msg", "20", f"{begun}{off}a, b")
        assert second == ("send_private_msg", "7", f"{begun}{off}b")
        await until(lambda: not (data / PENDING_FILE).exists())
    async with bot():
        pass
    assert platform.sent.empty()


async def test_who_had_asked_is_told_when_the_platform_is_there_again(bot, reloader, platform, monkeypatch, caplog):
    await killed(bot, reloader, platform, ([], message(platform)))
    monkeypatch.setattr(chats, "_PAUSE", 0.01)
    del adapters["main"]
    async with bot():
        platform.error = ConnectionError("not yet")
        adapters["main"] = platform
        await until(lambda: platform.attempts > 2)
        platform.error = None
        assert "started anew" in (await platform.next())[2]
    assert platform.sent.empty()


async def test_an_answer_is_not_lost_when_the_platform_is_out_of_reach(bot, reloader, platform, monkeypatch):
    async with bot() as data:
        platform.error = ConnectionError("gone")
        ask(["a"], event=message(platform))
        await until(lambda: "reload a (en)" in (data / PENDING_FILE).read_text())
    platform.error = None
    async with bot():
        assert (await platform.next())[2] == "reload a (en)"


async def test_nobody_is_told_for_ever(bot, reloader, platform, monkeypatch, caplog):
    await killed(bot, reloader, platform, ([], message(platform)))
    for name in ("_PAUSE", "_PATIENCE"):
        monkeypatch.setattr(chats, name, 0.01)
    platform.error = ConnectionError("for ever")
    async with bot() as data:
        await until(lambda: not (data / PENDING_FILE).exists())
    assert "bot main was out of reach" in caplog.text


async def test_a_platform_that_refuses_is_told_of_in_the_log(bot, reloader, platform, caplog):
    platform.error = AhaError("you are banned")
    async with bot() as data:
        ask([], event=message(platform))
        await until(lambda: not (data / PENDING_FILE).exists())
    assert "you are banned" in caplog.text


async def test_without_a_bot_asking_is_an_error(platform):
    with pytest.raises(UsageError, match="nothing can be reloaded"):
        ask(event=message(platform))


# --- files -------------------------------------------------------------------------------------------------------


async def changed(reloader, *names):
    """Wait until it is asked to follow `names`, at once or one after another."""
    left = set(names)
    while left:
        verb, *found = (await reloader.next()).split()
        assert verb == "follow"
        assert set(found) <= set(names)
        left -= set(found)


async def test_what_changes_in_a_module_is_followed(bot, reloader, tmp_path):
    modules = tmp_path / "modules"
    async with bot(watch=True):
        (modules / "one.py").write_text("x = 1")
        await changed(reloader, "one")
        (modules / "pack" / "locales").mkdir(parents=True)
        (modules / "pack" / "__init__.py").write_text("")
        await changed(reloader, "pack")
        (modules / "pack" / "locales" / "zh.yaml").write_text("a: b")
        await changed(reloader, "pack")
        (modules / "pack").rename(modules / "DISABLEDpack")
        await changed(reloader, "pack")
        (modules / "one.py").rename(modules / "two.py")
        await changed(reloader, "one", "two")
        shutil.rmtree(modules / "DISABLEDpack")
        await changed(reloader, "pack")


@pytest.mark.parametrize(
    ("link", "target", "edited"),
    [
        pytest.param("one.py", "file.py", "file.py", id="a module"),
        pytest.param("one/part.py", "file.py", "file.py", id="a part"),
        pytest.param("one", "folder", "folder/part.py", id="a package"),
    ],
)
async def test_what_changes_behind_a_link_is_followed(bot, reloader, tmp_path, monkeypatch, link, target, edited):
    monkeypatch.setattr(watching, "_PAUSE", 0.05)
    modules, elsewhere = tmp_path / "modules", tmp_path / "elsewhere"
    for folder in (elsewhere / "folder", (modules / link).parent):
        folder.mkdir(parents=True)
    (elsewhere / edited).write_text("")
    (modules / link).symlink_to(elsewhere / target)
    async with bot(watch=True):
        (elsewhere / edited).write_text("x = 1")
        await changed(reloader, "one")
        (elsewhere / "aside").write_text("y = 22")
        (elsewhere / "aside").replace(elsewhere / edited)
        await changed(reloader, "one")
        (modules / "later.py").symlink_to(elsewhere / "later.py")
        await changed(reloader, "later")
        (elsewhere / "later.py").write_text("z = 3")
        await changed(reloader, "later")


async def test_what_has_changed_before_is_followed_first(bot, reloader):
    reloader.has_missed = ("one", "two")
    async with bot(watch=True):
        await changed(reloader, "one", "two")


async def test_what_editors_and_python_leave_behind_is_not_followed(bot, reloader, tmp_path):
    pack = tmp_path / "modules" / "pack"
    pack.mkdir(parents=True)
    async with bot(watch=True):
        for path in ("__pycache__/x.pyc", ".x.swp", "x.py~", "4913", "data/state.json", ".git/HEAD"):
            (pack / path).parent.mkdir(parents=True, exist_ok=True)
            (pack / path).write_text("")
        (pack / "mark.py").write_text("")
        await changed(reloader, "pack")
        assert reloader.asked.empty()


async def test_several_files_at_once_are_followed_once(bot, reloader, tmp_path):
    async with bot(watch=True):
        for number in range(20):
            (tmp_path / "modules" / f"m{number}.py").write_text("")
        names = (await reloader.next()).split()[1:]
        assert len(names) == 20


async def test_what_changes_during_a_reload_is_followed_after_it(bot, reloader, tmp_path):
    reloader.going.clear()
    async with bot(watch=True):
        for text in ("x = 1", "x = 2"):
            (tmp_path / "modules" / "a.py").write_text(text)
            if text == "x = 1":
                await changed(reloader, "a")
        reloader.going.set()
        await changed(reloader, "a")


async def test_a_fault_of_a_reload_does_not_end_the_watching(bot, reloader, tmp_path, caplog):
    async with bot(watch=True):
        reloader.error = ZeroDivisionError("oops")
        (tmp_path / "modules" / "a.py").write_text("")
        await changed(reloader, "a")
        reloader.error = None
        (tmp_path / "modules" / "b.py").write_text("")
        await changed(reloader, "b")
    assert "failed at changed files of a" in caplog.text


async def test_a_folder_that_is_replaced_is_watched_on(bot, reloader, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "_PAUSE", 0.01)
    gone = asyncio.Event()
    modules = tmp_path / "modules"
    see_the_folder = watching.Watcher._see_the_folder

    async def noticed(watcher):
        if not modules.is_dir():
            gone.set()
        await see_the_folder(watcher)

    monkeypatch.setattr(watching.Watcher, "_see_the_folder", noticed)
    async with bot(watch=True):
        modules.rename(tmp_path / "old")
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "a.py").write_text("")
        await asyncio.wait_for(gone.wait(), PATIENCE)
        (tmp_path / "new").rename(modules)
        await changed(reloader, "a")
        (modules / "b.py").write_text("")
        await changed(reloader, "b")


async def test_a_folder_that_is_replaced_at_once_is_watched_on(bot, reloader, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "_PAUSE", 0.01)
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "old.py").write_text("")
    async with bot(watch=True):
        shutil.rmtree(modules)
        modules.mkdir()
        (modules / "a.py").write_text("")
        await changed(reloader, "a", "old")
        (modules / "b.py").write_text("")
        await changed(reloader, "b")


@pytest.mark.parametrize("fails", [1, 2], ids=["the system's limit", "polling, too"])
async def test_where_files_cannot_be_watched_that_is_said(bot, reloader, tmp_path, monkeypatch, caplog, fails):
    real, errors = watching.awatch, []

    def limited(*paths, force_polling, **options):
        if len(errors) < fails:
            errors.append(OSError("OS file watch limit reached"))
            raise ExceptionGroup("in a task group", errors[-1:])
        return real(*paths, force_polling=force_polling, **{**options, "poll_delay_ms": 50})

    monkeypatch.setattr(watching, "awatch", limited)
    async with bot(watch=True):
        await until(lambda: len(caplog.records) == fails)
        assert "looked through every second: OS file watch limit reached" in caplog.text
        if fails == 1:
            (tmp_path / "modules" / "a.py").write_text("")
            await changed(reloader, "a")
        else:
            assert "say aha reload when files have changed: OS file watch limit reached" in caplog.text


async def test_a_bot_that_stops_ends_the_reload_of_a_changed_file_first(bot, reloader, tmp_path):
    reloader.going.clear()
    async with bot(watch=True):
        (tmp_path / "modules" / "a.py").write_text("")
        await changed(reloader, "a")
        asyncio.get_running_loop().call_later(0.05, reloader.going.set)
    assert reloader.going.is_set()
