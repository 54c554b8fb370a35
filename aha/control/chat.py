"""Reloads that super users ask for in chats: one after another, and each is told how it went. Who may ask, others say.

Whoever had asked when the process ended is told by the next one.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

from aha.telling import told
from aha.words import Words
from bots.printable import one_line
from core.adapter import adapters
from core.config import cfg
from core.port import port_for
from core.reload import taken_by
from models.exc import AhaError

from .ending import end
from .pending import Pending, Waiting, address_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection
    from pathlib import Path

    from models.api import Message

logger = logging.getLogger(__name__)

# Seconds between two attempts to tell somebody whose platform is out of reach, and until there are no more.
_PAUSE: Final = 2.0
_PATIENCE: Final = 600.0
# Characters of a name that nobody has to read to the end.
_LONGEST_NAME: Final = 40

WORDS: Final = Words(
    english={
        "no module": "there is no module {name}",
        "failed": "the reload failed; the bot's log says why",
        "started anew": "the bot was started anew before that was done, and runs all modules as their files are now",
        "off": "but for these, which are off (its log says why): {names}",
    },
    chinese={
        "no module": "没有模块 {name}",
        "failed": "重载失败；原因见机器人的日志",
        "started anew": "重载完成之前机器人重新启动了，所有模块都按现在的文件运行",
        "off": "以下模块除外，已停用（原因见日志）：{names}",
    },
)


class Said(Protocol):
    """How a reload went."""

    def text(self, lang: str) -> str:
        """Say it in few lines."""


class Chat:
    """Takes what `core.reload.ask` asks for. `reload` does it; `off` says which modules are off against all wishes."""

    def __init__(
        self,
        folder: Path,
        *,
        reload: Callable[[Collection[str]], Awaitable[Said]],
        off: Callable[[], Collection[str]],
    ) -> None:
        self._pending = Pending(folder)
        self._reload = reload
        self._off = off
        self._asked: asyncio.Queue[tuple[Waiting, Message]] = asyncio.Queue()
        self._telling: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[None]:
        """Let `core.reload.ask` work for the body; who is left from the last run is told meanwhile."""
        working = asyncio.create_task(self._work(), name="reloads that were asked for in chats")
        for waiting in self._pending.left:
            waiting.said = waiting.said or self._started_anew(waiting.names)
            self._keep_telling(waiting)
        try:
            with taken_by(self._take):
                yield
        finally:
            await end([working, *self._telling])

    async def ended(self) -> None:
        """Wait until all that was asked for is done, and told unless the platform is out of reach."""
        await self._asked.join()

    def _take(self, names: Collection[str], event: Message) -> None:
        unknown = [name for name in names if not name.isidentifier() or len(name) > _LONGEST_NAME]
        waiting = Waiting(() if unknown else tuple(names), address_of(event))
        if unknown:
            waiting.said = WORDS.said("no module", name=one_line(unknown[0], _LONGEST_NAME))
        self._pending.add(waiting)
        self._asked.put_nowait((waiting, event))

    async def _work(self) -> None:
        while True:
            waiting, event = await self._asked.get()
            waiting.said = waiting.said or await self._done(waiting.names)
            self._pending.save()
            if not await self._tell(waiting, event.reply):
                self._keep_telling(waiting)
            self._asked.task_done()

    async def _done(self, names: Collection[str]) -> str:
        try:
            return (await self._reload(names)).text(cfg.aha.lang)
        except AhaError as error:
            return told(str(error))
        except Exception:
            logger.exception("failed at a reload that was asked for in a chat")
            return WORDS.said("failed")

    async def _tell(self, waiting: Waiting, answer: Callable[[str], Awaitable[object]]) -> bool:
        """Tell somebody who waits; False if that has to be tried again."""
        try:
            await answer(waiting.said)
        except ConnectionError:
            return False
        except Exception:
            logger.exception("nobody could be told in a chat: %s", waiting.said)
        self._pending.remove(waiting)
        return True

    def _keep_telling(self, waiting: Waiting) -> None:
        task = asyncio.create_task(self._tell_when_connected(waiting), name="tell how a reload went")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell_when_connected(self, waiting: Waiting) -> None:
        message = waiting.message()
        try:
            async with asyncio.timeout(_PATIENCE):
                while True:
                    if (adapter := adapters.get(message.bot_id)) is not None:
                        message.bind(port_for(adapter))
                        if await self._tell(waiting, message.send):
                            return
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            logger.warning("bot %s was out of reach for %g s: %s", message.bot_id, _PATIENCE, waiting.said)
            self._pending.remove(waiting)

    def _started_anew(self, names: Collection[str]) -> str:
        off = [name for name in self._off() if name in names or not names]
        said = [WORDS.said("started anew"), *([WORDS.said("off", names=", ".join(off))] if off else ())]
        return "\n".join(said)
