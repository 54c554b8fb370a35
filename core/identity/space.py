"""All users, or all groups, that were ever seen: their table and what is remembered of it. It knows no events."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from sqlalchemy import BigInteger, Column, Table, Text, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from core.context import entered
from core.database import db_engine, db_sessionmaker, metadata
from core.database.shared import shared_connection
from core.identity.ids import IDS, Key, Kind, check, hashed_id
from models.exc import DatabaseBusy

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Engine
    from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")

# Another process may map users in the same database: this many seconds later it is noticed here.
_FRESH: Final = 60.0
_MOST_REMEMBERED: Final = 100_000


@dataclass(slots=True)
class _Memory(Generic[T]):
    """What was read from the database behind `engine`; it is only ever thrown away as a whole."""

    engine: Engine
    ids: dict[Key, int] = field(default_factory=dict)
    names: dict[int, tuple[T, ...]] = field(default_factory=dict)
    until: float = field(default_factory=lambda: monotonic() + _FRESH)

    def spent(self) -> bool:
        """Whether it is too old, or too much."""
        return monotonic() > self.until or len(self.ids) + len(self.names) >= _MOST_REMEMBERED


class Space(Generic[T]):
    """All users, or all groups. `model` makes what stands for one of them.

    `own_id` is the number that one was first given and nobody else ever gets; should a hash be taken, the next salt is
    tried. `aha_id` is the number in use: after a mapping somebody else's `own_id`.
    """

    def __init__(self, kind: Kind, model: Callable[[str, str], T]) -> None:
        self._kind = kind
        self._model = model
        with entered(None):  # a module may be the first to import this, yet the table is the framework's
            self._table = Table(
                f"aha_{kind}",
                metadata,
                Column("platform", Text, primary_key=True),
                Column("id", Text, primary_key=True),
                Column("aha_id", BigInteger, nullable=False, index=True),
                Column("own_id", BigInteger, nullable=False, unique=True),
            )
        self._memory: _Memory[T] | None = None

    async def aha_id(self, key: Key) -> int:
        """Return the Aha ID of `key`, which is written down if it was never seen before."""
        memory = self.memory()
        found = memory.ids.get(key)
        if found is not None:
            return found
        check(self._kind, key)
        try:
            async with db_sessionmaker() as session:
                found = await self._find(session, key)
                if found is None:
                    found = await self._register(session, key)
        except DatabaseBusy:
            # A caller that is writing on SQLite cannot be waited for. The number is known, the row is for next time.
            async with db_sessionmaker() as session:
                return await self._free_id(session, key)
        memory.ids[key] = found
        return found

    async def names(self, aha_id: int) -> tuple[T, ...]:
        """Return everyone that `aha_id` stands for, first the one to whom it was given; empty if nobody."""
        if aha_id not in IDS:  # the database would refuse it
            return ()
        memory = self.memory()
        found = memory.names.get(aha_id)
        if found is None:
            c = self._table.c
            known = select(c.platform, c.id).where(or_(c.aha_id == aha_id, c.own_id == aha_id))
            async with db_sessionmaker() as session:
                rows = await session.execute(known.order_by(c.own_id != aha_id, c.platform, c.id))
                found = tuple(self._model(platform, id_) for platform, id_ in rows)
            if found:
                memory.names[aha_id] = found
        return found

    async def map(self, key: Key, target: Key) -> int:
        """Give `key`, and all that were mapped to it, the Aha ID of `target`, or its own back if they are the same."""
        await self.aha_id(key)
        await self.aha_id(target)
        c = self._table.c
        try:
            async with db_sessionmaker() as session:
                both = select(self._table).where(or_(self._is(key), self._is(target)))
                rows = await session.execute(both.order_by(c.platform, c.id).with_for_update())
                found = {(row.platform, row.id): row for row in rows}
                own_id: int = found[key].own_id
                aha_id: int = own_id if key == target else found[target].aha_id
                moved = or_(self._is(key), c.aha_id == own_id)
                await session.execute(update(self._table).where(moved).values(aha_id=aha_id))
                await session.commit()
        finally:
            self.forget()
        return aha_id

    def forget(self) -> None:
        """Remember nothing, not even what is being read at this moment."""
        self._memory = None

    def memory(self) -> _Memory[T]:
        """Return what is remembered now. Whoever awaits in between goes on with the one they had.

        In a transaction that several sessions share it is another one each time: all that is read there may be undone.
        """
        engine, memory = db_engine.sync_engine, self._memory
        if shared_connection() is not None:
            return _Memory(engine)
        if memory is None or memory.engine is not engine or memory.spent():
            memory = self._memory = _Memory(engine)
        return memory

    async def _find(self, session: AsyncSession, key: Key) -> int | None:
        found: int | None = await session.scalar(select(self._table.c.aha_id).where(self._is(key)))
        return found

    async def _register(self, session: AsyncSession, key: Key) -> int:
        while True:
            own_id = await self._free_id(session, key)
            row = {"platform": key[0], "id": key[1], "aha_id": own_id, "own_id": own_id}
            # Not insert_ignore: somebody else may just have taken the number, not only written down the same user.
            await session.execute(insert(self._table).values(row).on_conflict_do_nothing())
            found = await self._find(session, key)
            if found is not None:
                await session.commit()
                return found

    async def _free_id(self, session: AsyncSession, key: Key) -> int:
        """Return the number that `key` gets if it is written down now."""
        salt = 0
        while True:
            own_id = hashed_id(self._kind, key, salt=salt)
            if await session.scalar(select(self._table.c.id).where(self._table.c.own_id == own_id)) is None:
                return own_id
            salt += 1

    def _is(self, key: Key) -> ColumnElement[bool]:
        return and_(self._table.c.platform == key[0], self._table.c.id == key[1])
