"""When stores are read and written, and the SQL for it. What there is to write is for `contents` to say."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from core.context import entered
from core.database import db_sessionmaker
from core.database.url import what_it_said
from models.exc import DatabaseError
from services.data_store.store import settle, stores
from utils.sqlalchemy import upsert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.context import Module
    from services.data_store.contents import Change, Contents

logger = logging.getLogger(__name__)

# Seconds between two looks at the stores; while the database fails, the pause doubles up to the longest.
INTERVAL = 1.0
LONGEST_PAUSE = 60.0


class Writer:
    """The task that brings changed entries to the database, and the stores that it looks after.

    A store that was closed stays here until its last change is written, so an unload loses nothing.
    """

    def __init__(self) -> None:
        self.watched: list[Contents[Any]] = []
        self._one_at_a_time = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="write SimpleStores")

    async def flush(self, *, all_held: bool = False) -> None:
        """Write all that is set by now, one store after the other; raises the first error when each had its turn."""
        failures: list[Exception] = []
        async with self._one_at_a_time:
            for contents in list(self.watched):
                try:
                    await _flush(contents, all_held=all_held)
                except Exception as error:  # noqa: BLE001 - whatever it is, the changes stay and are tried again
                    failures.append(error)
            self.watched = [contents for contents in self.watched if contents.is_open or contents.dirty]
        if failures:
            raise failures[0]

    async def flush_module(self, name: str) -> None:
        """Write what an unloaded store of this module left behind; raises the error if it cannot be written."""
        async with self._one_at_a_time:
            for contents in self.watched:
                if contents.owner == name:
                    await _flush(contents, all_held=True)

    async def finish(self) -> None:
        """End the background task and write what is left, again and again until the database takes it."""
        self._stopping.set()
        await self._task
        while True:
            try:
                return await self.flush(all_held=True)
            except Exception as error:  # noqa: BLE001 - see flush
                self._warn(error)
                await asyncio.sleep(INTERVAL)

    async def _run(self) -> None:
        pause = INTERVAL
        while not await self._stopping_within(pause):
            try:
                await self.flush()
            except Exception as error:  # noqa: BLE001 - the task must outlive a database that is down
                if pause == INTERVAL:
                    self._warn(error)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                if pause != INTERVAL:
                    logger.info("SimpleStores are written again")
                pause = INTERVAL

    async def _stopping_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False

    def _warn(self, error: Exception) -> None:
        logger.warning("SimpleStores cannot be written (%s): %s; trying again", what_it_said(error), self.unwritten())

    def unwritten(self) -> str:
        """Say how many entries of which module are in memory only."""
        return ", ".join(f"{contents.dirty} of module {contents.owner}" for contents in self.watched if contents.dirty)


_writer: Writer | None = None


async def load_stores(modules: Iterable[Module]) -> dict[Module, Exception]:
    """Read the stores of `modules` and start writing them; to be called when their tables exist, before `on_start`.

    Returns the modules whose store could not be read and why: such a store stays shut, and the module should be off.
    From here on none of `modules` may make a store. It may be called again, for modules that are loaded later.
    """
    global _writer
    failures: dict[Module, Exception] = {}
    for module in modules:
        settle(module)
        contents = stores.get(module)
        if contents is None or contents.is_open:
            continue
        try:
            if _writer is not None:
                await _writer.flush_module(module.name)  # a module that is loaded again finds what it set before
            with entered(module):
                await _load(contents)
        except Exception as error:  # noqa: BLE001 - one module's table must not keep the others from starting
            failures[module] = error
        else:
            _writer = _writer or Writer()
            _writer.watched.append(contents)
    return failures


async def flush_stores() -> None:
    """Write everything that was set by now. DatabaseError if that fails; it is kept then and tried again later."""
    if _writer is None:
        return
    try:
        await _writer.flush(all_held=True)
    except Exception as error:
        raise DatabaseError(
            f"SimpleStores cannot be written ({what_it_said(error)}): {_writer.unwritten()}; they are kept in memory "
            "and tried again"
        ) from error


async def close_stores(*, patience: float = 10.0) -> None:
    """Shut the stores and write everything; what the database did not take in `patience` seconds is logged as lost."""
    global _writer
    if _writer is None:
        return
    writer, _writer = _writer, None
    for contents in writer.watched:
        contents.close()
    try:
        async with asyncio.timeout(patience):
            await writer.finish()
    except TimeoutError:
        logger.critical("SimpleStores could not be written within %g s; lost: %s", patience, writer.unwritten())


async def _load(contents: Contents[Any]) -> None:
    columns = contents.table.columns
    async with db_sessionmaker() as session:
        rows = await session.execute(
            select(columns.key, columns.value, columns.updated_at).order_by(columns.updated_at, columns.key)
        )
        contents.fill(rows.all())


async def _flush(contents: Contents[Any], *, all_held: bool) -> None:
    """Write what is set by now. What is set meanwhile waits: a store that never rests must not hold up the others."""
    contents.compare(all_held=all_held or not contents.is_open)
    left = contents.dirty
    while left > 0:
        changes = contents.batch()
        await _write(contents, changes)
        contents.written(changes)
        left -= len(changes)


async def _write(contents: Contents[Any], changes: Sequence[Change]) -> None:
    """Bring `changes` to the database in one transaction."""
    table = contents.table
    deleted = [key for key, data in changes if data is None]
    kept = [(key, data) for key, data in changes if data is not None]
    rows = [
        {"key": key, "value": data, "updated_at": moment}
        for (key, data), moment in zip(kept, contents.stamps(len(kept)), strict=True)
    ]
    async with db_sessionmaker() as session:
        if deleted:
            await session.execute(delete(table).where(table.columns.key.in_(deleted)))
        if rows:
            await session.execute(upsert(table, rows))
        await session.commit()
