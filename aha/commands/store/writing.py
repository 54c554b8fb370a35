"""Changing the table of a store while no bot runs: what waits in the journal comes first, then all in one transaction.

No module's code is run for it: rows are written as they are, and rows that nobody can read stay where they are.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import func, inspect, select

from aha.commands.db.home import opened
from aha.data_folder import held
from aha.stores import stores_on
from core.config import cfg
from core.context import Module, entered
from core.database import db_engine
from models.exc import DatabaseError, StoreError, StoreFullError
from services.data_store import SimpleStore, close_stores, flush_stores, load_stores, open_stores
from services.data_store.keys import checked_key
from services.data_store.pickles import plain
from services.data_store.quarantine import Outcast, keep
from services.data_store.rows import rows_of
from services.data_store.signing import Signer
from services.data_store.writing import delete_rows, lasting, upsert_rows

from .reading import read_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from aha.stores import Contents

T = TypeVar("T")

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Settled:
    """The store of a module of which the table has everything; `connection` is in the transaction that changes it."""

    contents: Contents
    table: Table
    connection: AsyncConnection

    async def write(
        self,
        changes: Mapping[str, bytes | None],
        *,
        signed: Mapping[str, bytes | None],
        kept: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Store these pickled values, and delete what is None. `signed` has the signatures of what is not plain.

        What is replaced or deleted under the keys in `kept` goes into quarantine, for the reasons given there.
        Raises StoreFullError, and StoreKeyError for a key that no store takes; then nothing has changed.
        """
        for key in changes:
            checked_key(key)
        old = [self.contents.entries[key] for key in changes if key in kept and key in self.contents.entries]
        module = self.contents.module
        await keep(self.connection, [Outcast(module, e.key, e.data, kept[e.key], mac=e.mac) for e in old])
        _check_room(self.contents, changes)
        last = await self.connection.scalar(select(func.max(self.table.c.position)))
        new, gone = rows_of(changes, first=(last or 0) + 1, mac=lambda key, _: signed.get(key))
        await upsert_rows(self.connection, self.table, new)
        await delete_rows(self.connection, self.table, gone)


def signatures(module: str, values: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """The signatures of this installation for those of `values` that are not plain. StoreError if it has no key."""
    acting = {key: data for key, data in values.items() if not plain(data)}
    if not acting:
        return {}
    signer = Signer(cfg.aha.data_dir)
    if signer.off is not None:
        raise StoreError(f"nothing can be signed: {signer.off}")
    return {key: signer.mac(module, key, data) for key, data in acting.items()}


def change(url: str, name: str, work: Callable[[Settled], Awaitable[T]]) -> T:
    """Have the store of module `name` for this process alone, bring it in order, and let `work` change it or refuse.

    Raises FolderInUse, UsageError if the module has no store, StoreError and DatabaseError.
    """
    read_store(url, name)  # raises what nobody needs the folder for
    folder = cfg.aha.data_dir
    with held(folder), _declared(name) as module:
        return asyncio.run(_change(url, folder, module, work))


@contextmanager
def _declared(name: str) -> Iterator[Module]:
    """A module that has a store, and nothing else."""
    module = Module(name)
    try:
        with entered(module):
            SimpleStore()
        yield module
    finally:
        module.drop()


async def _change(url: str, folder: Path, module: Module, work: Callable[[Settled], Awaitable[T]]) -> T:
    table = module.store.table
    async with opened(url):
        async with db_engine.connect() as connection:
            await connection.run_sync(_check, folder, table)
        await _settle(folder, module)
        async with lasting() as connection:
            contents = await connection.run_sync(_contents, folder, module.name)
            if contents.waiting:
                raise DatabaseError(
                    f"{contents.waiting} changes of module {module.name} wait, and the database does not "
                    "take them: what it said stands above"
                )
            return await work(Settled(contents, table, connection))


def _contents(connection: Connection, folder: Path, name: str) -> Contents:
    return stores_on(connection, folder).contents(connection, name)


def _check(connection: Connection, folder: Path, table: Table) -> None:
    """Raise StoreError for what only a start can put right."""
    found = stores_on(connection, folder)
    if strange := sorted(found.changes.keys() - found.tables.keys()):
        # They may be of a module that is called otherwise now, perhaps of this one.
        raise StoreError(f"changes of module {strange[0]}, which has no table, wait in the journal: start the bot once")
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    if not set(table.columns.keys()) <= there:
        raise StoreError(f"table {table.name} is of an older release of Aha: start the bot once, or: aha db migrate")


async def _settle(folder: Path, module: Module) -> None:
    """Bring to the table what waits in the journal, and put away what is damaged, as a start does."""
    open_stores(folder)
    try:
        for error in (await load_stores([module], with_classes=False)).values():
            raise error
        await flush_stores()
    finally:
        await close_stores()


def _check_room(contents: Contents, changes: Mapping[str, bytes | None]) -> None:
    """Raise StoreFullError if the store would grow beyond its limit."""
    before = {key: entry.data for key, entry in contents.entries.items()}
    after = {key: data for key, data in {**before, **changes}.items() if data is not None}
    limit = cfg.aha.store.max_mb
    if _size(before) < _size(after) > limit * _MB:
        raise StoreFullError(
            f"the SimpleStore of module {contents.module} would hold {_size(after) / _MB:,.1f} of {limit:,} MB "
            "(aha.store.max_mb): allow more first"
        )


def _size(values: Mapping[str, bytes]) -> int:
    return sum(map(len, values)) + sum(map(len, values.values()))
