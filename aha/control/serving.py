"""All wishes to a bot that runs, taken for the length of its run: the one place that knows where they come from."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from aha.steps import attempt_within
from core.config import cfg

from .chat import Chat
from .server import Server
from .wishes import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection
    from pathlib import Path

    from .wishes import Wish

# Seconds that what is under way may take when the bot stops, then to be broken off, and for who is to hear of that.
_PATIENCE: Final = 10.0
_GRACE: Final = 2.0


class Outcome(Protocol):
    """How it went."""

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""

    def text(self, lang: str) -> str:
        """Say it in few lines."""

    def to_json(self) -> dict[str, Any]:
        """Say it for programs."""


class Reloader(Protocol):
    """Who does what is wished, one after another."""

    async def reload(self, names: Collection[str] = (), *, with_database: Collection[str] = ()) -> Outcome:
        """Run these modules, or all, as their files are now."""

    async def follow(self, names: Collection[str], *, again: bool = False) -> Outcome:
        """Do what the files of these modules say since they have changed; `again` says how it went if that is done."""

    async def missed(self) -> Collection[str]:
        """The modules that have changed on disk, come or gone since the bot began to start."""

    async def break_off(self) -> None:
        """Let what is under way fail, and take no wish any more."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where wishes are taken. `data` and `modules` are folders; with `watch`, changed files of modules are some."""

    data: Path
    modules: Path
    watch: bool = False


@asynccontextmanager
async def serving(
    reloader: Reloader, desk: Desk, *, off: Callable[[], Collection[str]], hurry: asyncio.Event
) -> AsyncIterator[None]:
    """Take wishes for the body. After it, what is under way comes to its end, in a moment if `hurry` is set.

    `off` says which modules are off against all wishes.
    """
    server = Server(_granting(reloader, desk))
    chat = Chat(desk.data, reload=reloader.reload, off=off)
    endings: list[Callable[[], Awaitable[None]]] = [server.ended, chat.ended]
    async with AsyncExitStack() as stack:
        if desk.watch:
            from .watching import Watcher  # noqa: PLC0415 - it is slow to import, and most runs have no use for it

            watcher = Watcher(desk.modules, reloader.follow, missed=reloader.missed)
            await stack.enter_async_context(watcher.watch())
            endings.append(watcher.ended)
        await stack.enter_async_context(server.listen(desk.data))
        await stack.enter_async_context(chat.listen())
        try:
            yield
        finally:
            # One reload may be what all of them wait for.
            ending = asyncio.gather(*(ended() for ended in endings))
            await attempt_within(_PATIENCE, "finish a reload", lambda: asyncio.shield(ending), hurry=hurry)
            if not ending.done():
                await attempt_within(_GRACE, "break off a reload", reloader.break_off, hurry=hurry)
                await attempt_within(_GRACE, "tell who waits for a reload", lambda: ending, hurry=hurry)


def _granting(reloader: Reloader, desk: Desk) -> Callable[[Wish], Awaitable[Answer]]:
    async def grant(wish: Wish) -> Answer:
        if wish.modules and wish.modules != str(desk.modules.absolute()):
            return Answer(ok=True, elsewhere=True)
        if wish.verb == "follow":
            # `again`: who watches the files may have been faster.
            outcome = await reloader.follow(wish.names, again=True)
        else:
            outcome = await reloader.reload(wish.names, with_database=wish.with_database)
        return Answer(outcome.ok, outcome.text(cfg.aha.lang), outcome.to_json())

    return grant
