"""The one transaction that all sessions of some code share, for example those under `once`. It begins and ends none."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(slots=True)
class _Shared:
    connection: AsyncConnection | None


_shared: ContextVar[_Shared | None] = ContextVar("shared_transaction", default=None)


def shared_connection() -> AsyncConnection | None:
    """The connection whose transaction the running code's sessions join; None if they have their own."""
    shared = _shared.get()
    return shared.connection if shared else None


@contextmanager
def sharing(connection: AsyncConnection) -> Iterator[None]:
    """Let all sessions that the body opens join the transaction on `connection`.

    A task that the body starts and leaves running has sessions of its own afterwards.
    """
    shared = _Shared(connection)
    token = _shared.set(shared)
    try:
        yield
    finally:
        shared.connection = None
        _shared.reset(token)
