"""A bot inside a test: it loads modules, opens a database, and is talked to by calls. No process, no socket."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time
from typing import TYPE_CHECKING, Any, ClassVar

from aha.discovery import Found, look_at
from aha.lifecycle import Bot, Plan
from aha.selection import Selection
from aha.testing.rows import find_table, insert_rows, read_rows
from core.adapter import Adapter, adapters
from core.config import cfg
from core.dispatcher import dispatcher
from models.api import Message
from models.exc import ModuleError, UsageError
from models.msg import MessageChain, Reply, to_chain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from core.adapter import Emit
    from core.context import Module
    from models.api import Event

__all__ = ["Call", "RunningBot", "running_bot"]

_BOT_ID = "test"
_DISPATCHER = "core.dispatcher"
_SENDING = ("send_msg", "send_private_msg", "send_group_msg")


@dataclass(frozen=True, slots=True)
class Call:
    """What a module asked of the platform: a OneBot v11 action and its parameters."""

    action: str
    params: Mapping[str, Any]

    @property
    def message(self) -> MessageChain | None:
        """The message that was sent, None if the call was another one."""
        return self.params["message"] if self.action in _SENDING else None


@dataclass(slots=True)
class _Happened:
    """What the callbacks that one event started have done."""

    calls: list[Call] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)


_happening: ContextVar[_Happened | None] = ContextVar("happening", default=None)


class RunningBot:
    """The bot under test. `running_bot` makes it.

    `calls` holds every call to the platform, messages among them, oldest first, also those that no event caused.
    `answers` says what the platform returns: an action's name -> its data, or a function of the parameters.
    `failures` are the modules that are off since the last start, with the error of each; empty if `strict`, as then
    the first error is raised instead.
    """

    def __init__(self, modules: Selection, *, database: str, config: Mapping[str, Any], strict: bool = True) -> None:
        self.calls: list[Call] = []
        self.answers: dict[str, Any] = {}
        self.failures: dict[str, BaseException] = {}
        self._strict = strict
        self._config = config
        self._plan = Plan(modules, database, config["aha"]["data_dir"], self._adapters, synchronous="normal")
        self._bot: Bot | None = None
        self._message_ids = count(1)

    async def say(
        self, message: Any, *, user: str = "1", group: str | None = None, within: float = 10.0, **fields: Any
    ) -> list[str]:
        """Say something to the bot and return what it answers, one str per message; segments stand as Aha codes.

        `message` is a str, a segment, or a sequence of them; `group` None is a private talk; `fields` are further
        fields of the Message, as in `platform="QQ"`. The quote that `reply` begins with is left out.
        Raises what a callback raised; TimeoutError if one still runs after `within` seconds.
        """
        where = {"event_type": "private"} if group is None else {"event_type": "group", "group_id": group}
        told = {"platform": MemoryAdapter.platform, "message_id": str(next(self._message_ids)), "time": int(time())}
        event = Message(**{**told, **where, "user_id": user, "message": to_chain(message), **fields})
        return [str(_unquoted(chain)) for chain in await self.send_event(event, within=within)]

    async def send_event(self, event: Event, *, within: float = 10.0) -> list[MessageChain]:
        """Let any event happen, a notice for example, and return the messages that the bot sends because of it.

        Raises what a callback raised; TimeoutError if one still runs after `within` seconds; UsageError if the bot has
        stopped.
        """
        if self._bot is None:
            raise UsageError("the bot has stopped: talk to it inside `async with running_bot(...)`")
        event.bot_id, event.adapter, event.self_id = _BOT_ID, MemoryAdapter.name, event.self_id or "0"
        happened = _Happened()
        token = _happening.set(happened)
        try:
            handled = dispatcher.feed(event, adapters[_BOT_ID])
        finally:
            _happening.reset(token)
        await asyncio.wait({handled}, timeout=within)
        if not handled.done():
            raise TimeoutError(f"callbacks still run {within:g} s after {event!r}; allow them more with within=...")
        if happened.errors:
            raise happened.errors[0]
        return [call.message for call in happened.calls if call.message is not None]

    async def insert(self, table: Any, *rows: Mapping[str, Any]) -> None:
        """Put rows into a table, by column name, as a module would have done it; what they leave out gets its default.

        `table` is a mapped class, a Table, or a name: `"note"` as the module's author wrote it or `"note__notes"`.
        """
        await insert_rows(find_table(table, self._loaded()), rows)

    async def rows(self, table: Any, *columns: str) -> list[dict[str, Any]]:
        """All rows of a table in the order of its key, as dicts of these columns, or of all that the model has."""
        return await read_rows(find_table(table, self._loaded()), columns)

    async def restart(self) -> None:
        """Stop the bot in good order and start it anew on the same database, its modules imported again."""
        await self.stop()
        await self.start()

    async def start(self) -> None:
        """Start the bot; `running_bot` has done so. Raises what a module raises, if `strict`."""
        cfg.load(values=self._config, environ={})
        logging.getLogger(_DISPATCHER).addHandler(_errors)
        self.failures.clear()
        self._bot = Bot(self._plan, on_failure=self._failed)
        await self._bot.start()

    async def stop(self) -> None:
        """Stop the bot in good order and leave nothing behind but its data; it may be started again."""
        bot, self._bot = self._bot, None
        if bot is not None:
            await bot.stop(hurry=asyncio.Event())
        logging.getLogger(_DISPATCHER).removeHandler(_errors)
        dispatcher.open_intake()
        cfg.reset()

    def _failed(self, name: str, what: str, error: BaseException) -> None:
        error.add_note(f"module {name} failed to {what}")
        if self._strict:
            raise error
        self.failures[name] = error

    def _loaded(self) -> list[Module]:
        if self._bot is None:
            raise UsageError("the bot has stopped: look at its data inside `async with running_bot(...)`")
        return list(self._bot.loader.loaded.values())

    def _adapters(self, emit: Emit) -> list[Adapter]:
        return [MemoryAdapter(emit, bot_id=_BOT_ID, settings={"calls": self.calls, "answers": self.answers})]


class MemoryAdapter(Adapter):
    """An adapter to nowhere: it keeps the calls and answers them as it was told to."""

    name: ClassVar[str] = "testing"
    platform: ClassVar[str] = "testing"

    def __init__(self, emit: Emit, *, bot_id: str, settings: Mapping[str, Any]) -> None:
        super().__init__(emit, bot_id=bot_id, settings=settings)
        self._closed = asyncio.Event()

    async def run(self) -> None:
        await self._closed.wait()

    async def stop_intake(self) -> None:
        pass

    async def close(self) -> None:
        self._closed.set()

    async def call(self, action: str, params: Mapping[str, Any]) -> Any:
        calls, answers = self.settings["calls"], self.settings["answers"]
        call = Call(action, params)
        calls.append(call)
        if (happened := _happening.get()) is not None:
            happened.calls.append(call)
        if action in answers:
            answer = answers[action]
            return answer(params) if callable(answer) else answer
        if action in _SENDING:
            return {"message_id": len(calls)}
        raise NotImplementedError(f"nothing is known about {action}; set bot.answers[{action!r}] to what it returns")


class _Errors(logging.Handler):
    """Hands what a callback raised, which the dispatcher only logs, to the `send_event` that caused it."""

    def emit(self, record: logging.LogRecord) -> None:
        happened = _happening.get()
        if happened is not None and record.exc_info and record.exc_info[1] is not None:
            happened.errors.append(record.exc_info[1])


_errors = _Errors(logging.ERROR)
_open = False


@asynccontextmanager
async def running_bot(
    *,
    modules: Iterable[str | Path],
    database: str | None = None,
    config: Mapping[str, Any] | None = None,
    strict: bool = True,
) -> AsyncIterator[RunningBot]:
    """Run a bot with these modules, and no others, for the body.

    `modules` are paths of package folders or .py files; `database` is a URL, None for a fresh SQLite file; `config`
    is what the configuration file would hold. Neither configuration files nor the environment are read. With
    `strict` False a module that fails is off, as it is in a real bot, and stands in `bot.failures`.
    Raises what a module raises at its import, when its tables are migrated or in its on_start (if `strict`),
    ModuleError for a path that is no module, and UsageError if a bot runs in this process already.
    """
    global _open
    if _open:
        raise UsageError("a bot runs in this process already: leave its `async with running_bot(...)` first")
    selection = Selection(tuple(_found(modules)), {})
    _open = True
    try:
        with TemporaryDirectory(prefix="aha-") as folder:
            url = database or f"sqlite:///{folder}/aha.db"
            bot = RunningBot(selection, database=url, config=_with_data_dir(config or {}, folder), strict=strict)
            try:
                await bot.start()
                yield bot
            finally:
                await bot.stop()
    finally:
        _open = False


def _found(paths: Iterable[str | Path]) -> Iterator[Found]:
    seen: dict[str, str | Path] = {}
    for path in [paths] if isinstance(paths, str | Path) else paths:
        found = look_at(Path(path).absolute())
        if found is None or found.state != "on":
            raise ModuleError(f"{path} is no module: {(found and found.problem) or 'give its folder or its .py file'}")
        if found.name in seen:
            raise ModuleError(f"{path} and {seen[found.name]} are both called {found.name}")
        seen[found.name] = path
        yield found


def _with_data_dir(config: Mapping[str, Any], folder: str) -> dict[str, Any]:
    given = {"data_dir": folder, **config.get("aha", {})}
    return {**config, "aha": {**given, "data_dir": Path(given["data_dir"])}}


def _unquoted(chain: MessageChain) -> MessageChain:
    return MessageChain(chain[1:]) if chain and isinstance(chain[0], Reply) else chain
