"""Loading one store: what its table holds, and then what the journal has beyond that. What is damaged is reported."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from core.config import cfg
from models.exc import StoredValueError
from services.data_store.door import doors
from services.data_store.entries import Entries
from services.data_store.folding import FoldedStore
from services.data_store.keys import named
from services.data_store.pickles import STACK_GLOBAL, Judge, Unsigned, plain
from services.data_store.quarantine import Outcast, move_rows
from services.data_store.reading import read_content
from services.data_store.rows import rows_of, unsealed, was_cast_out
from services.data_store.threads import in_thread
from services.data_store.writing import lasting, upsert_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Table

    from core.context import Module
    from services.data_store.folding import Ledger
    from services.data_store.journal import Record
    from services.data_store.reading import Content, Verify

    _Change = tuple[str, bytes | Outcast | None]

logger = logging.getLogger(__name__)


async def load_store(module: Module, table: Table, ledger: Ledger, *, with_classes: bool = True) -> FoldedStore:
    """Load the store of `module`. Raises what the database raises, and StoreError.

    Without its classes nothing is said of values that cannot be read: it is only they that are missing.
    """
    verify = partial(_verify, ledger, (module.name, *module.was))
    content = await read_content(table, module.name, verify=verify)
    names = names_of(module)
    some = any(map(ledger.journal.found.count, names))
    changes, unread = await in_thread(_left, ledger, names, verify) if some else ([], {})
    if unread:
        await _put_as_they_are(module.name, table, content, unread)
    _report_damaged(module.name, table.name, content)
    if with_classes:
        _report_unreadable(module.name, table.name, content)
    entries: Entries[Any] = Entries(
        module.name,
        ledger.journal,
        data=content.data,
        unreadable=content.unreadable,
        mac=partial(ledger.signer.mac, module.name),
        max_mb=cfg.aha.store.max_mb,
    )
    for key, data in changes:
        if key not in unread or isinstance(data, Outcast):
            entries.replay(key, data)
    reasons = {key: str(error) for key, error in content.unreadable.items()}
    return FoldedStore(entries, table, names, next=content.next, behind=bool(changes), unreadable=reasons)


async def all_readable(entries: Entries[Any]) -> bool:
    """Whether the classes that are there now can read all, as far as is known before it is read.

    Classes of other modules do not count, which may be back at any time without this one being loaded.
    """
    return await in_thread(_all_readable, entries.owner, list(entries.data.items()))


def _all_readable(owner: str, values: Iterable[tuple[str, bytes]]) -> bool:
    judge = Judge()
    for key, data in values:
        if STACK_GLOBAL not in data:
            continue
        try:
            judge.judged(data, signed=type(data) is not Unsigned, key=key)
        except StoredValueError as error:
            if not _is_of_another(error.place, owner):
                return False
    return True


def _is_of_another(place: str, owner: str) -> bool:
    """Whether a class has its place in another module of the bot than `owner`."""
    package, _, rest = place.partition(".")
    return package == "modules" and rest.partition(".")[0] != owner


def names_of(module: Module) -> tuple[str, ...]:
    """The names under which the journal may have changes of the store: former ones that no other module has now."""
    taken = {other.name for other in doors}
    return (module.name, *(name for name in module.was if name not in taken))


def _verify(ledger: Ledger, names: Iterable[str], key: str, data: bytes, mac: bytes | None) -> bool:
    """Whether this was signed here as what `key` holds in the store, under any of its names."""
    return any(ledger.signer.verify(name, key, data, mac) for name in names)


def _left(ledger: Ledger, names: Iterable[str], verify: Verify) -> tuple[list[_Change], dict[str, _Unread]]:
    """What was set and deleted since the last fold, oldest first, and by key what of it cannot be read."""
    beyond = (ledger.journal.found.records(name, after=ledger.folded.get(name, 0)) for name in names)
    changes = [_change(record) for record in merge(*beyond, key=itemgetter(0))]
    values, unread = _judge({key: value for key, value in changes if not isinstance(value, Outcast)}, verify)
    # What was set before it was set again, or deleted, is of no interest but for the order of the keys.
    return [(key, values.get(key) if isinstance(value, bytes) else value) for key, value in changes], unread


def _change(record: Record) -> _Change:
    """What a record says: that a key was set, deleted, or about to be either when it could not be read."""
    key, value = record.key.decode(), was_cast_out(record.value)
    if value is None:
        return key, record.value
    data, mac = unsealed(value)
    return key, Outcast("", key, data, "it could not be read", mac=mac)


@dataclass(frozen=True, slots=True)
class _Unread:
    """A value in the journal that cannot be read now, its signature, and why."""

    data: bytes
    mac: bytes | None
    error: StoredValueError


def _judge(last: Mapping[str, bytes | None], verify: Verify) -> tuple[dict[str, bytes], dict[str, _Unread]]:
    """The values that the store gets, by key, of what stands `last` in the journal, and those that cannot be read."""
    values, unread, judge = {}, {}, Judge()
    for key, record in last.items():
        if record is None:
            continue
        data, mac = unsealed(record)
        try:
            values[key] = data if plain(data) else judge.judged(data, signed=verify(key, data, mac), key=key)
        except StoredValueError as error:
            unread[key] = _Unread(data, mac, error)
    return values, unread


async def _put_as_they_are(owner: str, table: Table, content: Content, unread: Mapping[str, _Unread]) -> None:
    """Give values that cannot be read now their rows, as if they had been found there: they may be readable again."""
    changes = {key: value.data for key, value in unread.items()}
    rows, _ = rows_of(changes, first=content.next, mac=lambda key, _: unread[key].mac)
    columns = table.columns
    async with lasting() as connection:
        for key in content.unreadable.keys() & unread.keys():
            there = await connection.scalar(select(columns.value).where(columns.key == key))
            if there != unread[key].data:  # it may have been put there by a start before
                await move_rows(connection, table, owner, {key: str(content.unreadable[key])})
        await upsert_rows(connection, table, rows)
    content.next += len(rows)
    for key, value in unread.items():
        content.data.pop(key, None)
        content.unreadable[key] = value.error


def _report_damaged(owner: str, table: str, content: Content) -> None:
    if content.damaged:
        logger.warning(
            "SimpleStore of module %s: %s in table %s, and in quarantine now (aha store quarantine); all others are "
            "there", owner, _keys(content.damaged, "was damaged", "were damaged"), table,
        )  # fmt: skip


def _report_unreadable(owner: str, table: str, content: Content) -> None:
    """Say in one line for each kind which rows cannot be read."""
    kinds: dict[type[StoredValueError], list[str]] = {}
    for key, error in content.unreadable.items():
        kinds.setdefault(type(error), []).append(key)
    for keys in kinds.values():
        logger.warning(
            "SimpleStore of module %s: %s in table %s; %s", owner, _keys(keys, "is not readable and stays",
            "are not readable and stay"), table, content.unreadable[keys[0]],
        )  # fmt: skip


def _keys(keys: Sequence[str], one: str, several: str) -> str:
    return f"{named(keys)} {one if len(keys) == 1 else several}"
