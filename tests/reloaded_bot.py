"""A bot inside a test whose modules are files that the test writes, and reloads. It says what the bot answers."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from contextlib import asynccontextmanager
from dataclasses import replace
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from aha.discovery import survey
from aha.selection import choose
from aha.testing.bot import RunningBot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from aha.reload.outcome import Outcome
    from aha.reload.reloader import Reloader

happened: list[str] = []
"""What code of modules takes note of here."""


class Gate:
    """What code of modules may wait for: a test opens it."""

    is_open = False

    async def wait(self) -> None:
        while not self.is_open:
            await asyncio.sleep(0.001)


gate = Gate()


def answering(said: str, *, to: str = "hi", before: str = "") -> str:
    """The code of a module that answers what the expression `said` says; the code `before` stands above that."""
    answer = f"""
        from core.dispatcher import on_message as _on_message

        @_on_message("{to}")
        async def answer(event):
            await event.reply({said})
    """
    return textwrap.dedent(before) + textwrap.dedent(answer)


def living(name: str, *, to: str = "hi", before: str = "", start: str = "") -> str:
    """The same for a module that answers its `name`, and takes note of its start, with the code `start`, and end."""
    hooks = f"""
        from core.dispatcher import on_cleanup, on_start
        from tests.reloaded_bot import gate, happened

        @on_start
        async def begin():
            happened.append("{name} begins")
            {start}

        @on_cleanup
        async def end():
            happened.append("{name} ends")
    """
    return answering(repr(name), to=to, before=textwrap.dedent(before) + textwrap.dedent(hooks))


async def seen(what: str) -> None:
    """Wait until code of a module has taken note of that."""
    await until(lambda: what in happened)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


class Folder:
    """A folder of modules; `write` takes paths below it and what stands there, None for nothing any more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def write(self, files: dict[str, str | None]) -> None:
        for name, code in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if code is None:
                rmtree(path) if path.is_dir() else path.unlink()
            else:
                path.write_text(textwrap.dedent(code), encoding="utf-8")


class ReloadedBot(RunningBot):
    """A running bot with the modules of a folder. `edit` writes files; `reload` does so first, and then reloads."""

    folder: Folder

    @property
    def reloader(self) -> Reloader:
        assert self._bot is not None
        return self._bot.reloader

    @property
    def loader(self) -> Any:
        assert self._bot is not None
        return self._bot.loader

    def code(self, name: str) -> Any:
        """The code of a module that runs, as Python has it."""
        return sys.modules[f"modules.{name}"]

    async def reload(self, files: dict[str, str | None] | None = None, *names: str, **how: Any) -> Outcome:
        self.folder.write(files or {})
        return await self.reloader.reload(names, **how)


@asynccontextmanager
async def reloaded_bot(
    tmp_path: Path, database: str, files: dict[str, str], *, strict: bool = True, **options: Any
) -> AsyncIterator[ReloadedBot]:
    """Run a bot with these modules in a folder of its own, on the database with this URL."""
    happened.clear()
    gate.is_open = False
    folder = Folder(tmp_path / "modules")
    folder.write(files)
    config = {"aha": {"data_dir": tmp_path}}
    bot = ReloadedBot(choose(survey(folder.path), **options), database=database, config=config, strict=strict)
    bot.folder = folder
    bot._plan = replace(bot._plan, look=lambda: choose(survey(folder.path), **options))
    try:
        await bot.start()
        yield bot
    finally:
        await bot.stop()
