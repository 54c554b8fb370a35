"""The stores of a bot, from their opening to their end: what the life cycle calls, in this order."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.config import cfg
from core.context import entered
from core.database.url import what_it_said
from models.exc import DatabaseError, StoreError, UsageError
from services.data_store.background import Background
from services.data_store.door import doors
from services.data_store.loading import all_readable, load_store, names_of
from services.data_store.opening import open_ledger
from services.data_store.parting import settle
from services.data_store.threads import in_thread
from utils.forks import after_fork

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from sqlalchemy import Table

    from core.context import Module
    from services.data_store.folding import FoldedStore

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Open:
    """The data folder, None before it is known, and what runs there; nothing does until there is a store to load."""

    folder: Path | None = None
    background: Background | None = None


_open = _Open()


@after_fork
def _lose() -> None:
    """Have nothing open in a forked child, whose parent notices, folds and closes."""
    if _open.background is not None:
        _open.background.stores = {}
    _open.folder = _open.background = None


def open_stores(folder: Path) -> None:
    """Let what stores are told be kept in the data folder `folder`; to be called before the first is loaded.

    Raises UsageError if another folder is in use.
    """
    if _open.folder is not None:
        raise UsageError(f"the stores in {_open.folder} are open: a process has one data folder; close_stores() first")
    _open.folder = folder


async def load_stores(modules: Iterable[Module], *, with_classes: bool = True) -> dict[Module, Exception]:
    """Read the stores of `modules` and start writing them; to be called when their tables exist, before `on_start`.

    Returns the modules whose store could not be read and why: such a store stays shut, and the module should be off.
    From here on none of `modules` may make a store. It may be called again, for modules that are loaded later or anew:
    a store that was there before goes on as it was, with all that the classes can read which are there now.
    `with_classes` is False if the modules' own classes are not there, as for a command that is about their rows alone.
    """
    failures: dict[Module, Exception] = {}
    for module in modules:
        settle(module)
        if module not in doors:
            continue
        try:
            with entered(module):
                await _load(module, with_classes=with_classes)
        except Exception as error:  # noqa: BLE001 - one module's table must not keep the others from starting
            failures[module] = error
    return failures


async def _load(module: Module, *, with_classes: bool) -> None:
    background = _open.background = _open.background or await _begin()
    door = doors[module]
    before = background.stores.get(module.name)
    if before is None:
        store = await _load_anew(module, door.table, background, with_classes=with_classes)
    else:
        before.table = door.table
        store = await _reopened(module, before, background)
    background.stores[module.name] = store
    door.open(store.entries)


async def _load_anew(module: Module, table: Table, background: Background, *, with_classes: bool) -> FoldedStore:
    """Load a store, with what those of the module's former names have and no table does."""
    former: dict[str, FoldedStore] = {}
    try:
        for name in filter(background.stores.__contains__, names_of(module)):
            former[name] = await background.hand_over(name, table)
        store = await load_store(module, table, background.ledger, with_classes=with_classes)
    except BaseException:
        background.stores.update(former)
        raise
    for key, data in (change for name in reversed(former) for change in former[name].left()):
        store.entries.replay(key, data)
    return store


async def _reopened(module: Module, store: FoldedStore, background: Background) -> FoldedStore:
    """The store, read again if the classes that are there now can read more of it than those before, or less."""
    if not store.entries.unreadable and await all_readable(store.entries):
        return store
    if doors[module].is_open:
        doors[module].close()  # what is set from here on would not be in what is read
    if not await background.is_written(module.name):
        return store
    again = await load_store(module, store.table, background.ledger)
    again.entries.keep_lent(store.entries)
    return again


async def _begin() -> Background:
    if _open.folder is None:
        raise UsageError("SimpleStores need a folder: open_stores(folder) comes before load_stores(modules)")
    return Background(await open_ledger(_open.folder, max_mb=cfg.aha.store.journal_mb))


async def flush_stores() -> None:
    """Write everything that was set by now to the database. DatabaseError if that fails; it is tried again later."""
    background = _open.background
    if background is None:
        return
    try:
        await background.flush()
    except Exception as error:
        raise DatabaseError(
            f"SimpleStores cannot be written ({what_it_said(error)}): {background.unwritten()}; they are kept in the "
            "journal and tried again"
        ) from error


async def write_stores(names: Collection[str], *, patience: float) -> None:
    """Write the stores of these modules, which were unloaded, before others take their tables over under another name.

    What the database does not take in `patience` seconds is not lost either.
    """
    background = _open.background
    if background is not None and (here := [name for name in names if name in background.stores]):
        await background.write(here, patience=patience)


async def close_stores(*, patience: float = 10.0) -> None:
    """Shut the stores and write everything; what the database does not take in `patience` seconds stays in the journal.

    The next start writes it then.
    """
    background, _open.folder, _open.background = _open.background, None, None
    if background is None:
        return
    for door in list(doors.values()):
        if door.is_open:
            door.entries.notice(door.entries.lent.all())
        door.close()
    try:
        async with asyncio.timeout(patience):
            await background.finish()
    except TimeoutError:
        logger.warning(
            "SimpleStores could not be written within %g s: %s stay in the journal in %s and are written at the next "
            "start", patience, background.unwritten(), background.ledger.journal.folder,
        )  # fmt: skip
    try:
        await in_thread(background.ledger.journal.close)
    except StoreError as error:
        logger.warning("%s", error)
