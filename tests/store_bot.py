"""A bot whose modules have stores and nothing else, for tests on real databases and in a real data folder."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from core.context import Module, entered
from core.database import close_database, db_engine, metadata, open_database
from core.migration.start import expand
from services.data_store import SimpleStore, close_stores, load_stores, open_stores, stores

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def declared(name: str, *was: str) -> Module:
    """Load a module that makes a store and does nothing else."""
    module = Module(name, was)
    with entered(module):
        SimpleStore()
    return module


@asynccontextmanager
async def bot(url: str, folder: Path, *modules: str | Module, patience: float = 1) -> AsyncIterator[list[SimpleStore]]:
    """Run a bot with these modules, or modules of these names; yields their stores."""
    records = [declared(module) if isinstance(module, str) else module for module in modules]
    await open_database(url)
    try:
        assert (await expand(records)).failures == {}
        open_stores(folder)
        assert await load_stores(records) == {}
        yield [module.store for module in records]
    finally:
        await close_stores(patience=patience)
        await close_database()
        for module in records:
            module.drop()


async def execute(statement: str) -> None:
    """Run a statement in the bot's database, past all that a store does."""
    async with db_engine.begin() as connection:
        await connection.execute(text(statement))


async def fetch(query: str) -> list[Any]:
    """What a query of one column gives."""
    async with db_engine.connect() as connection:
        return list(await connection.scalars(text(query)))


async def on_disk(name: str = "a") -> list[str]:
    """The keys in the table of a module's store, in their order."""
    table = metadata.tables[f"aha_store__{name}"]
    async with db_engine.connect() as connection:
        return list(await connection.scalars(select(table.c.key).order_by(table.c.position)))


async def crash() -> None:
    """End the stores as kill -9 would: nothing is folded any more, and nothing closed. The database is not shut."""
    background = stores._open.background
    assert background is not None
    for task in background._tasks:
        task.cancel()
    await asyncio.wait(background._tasks)
    background.ledger.journal._syncing.stop()
    stores._open.folder = stores._open.background = None
