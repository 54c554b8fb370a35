"""The stores of the bot whose folder this is, as the commands find them, whether it runs or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aha.commands.db.home import look
from aha.stores import stores_on
from core.config import cfg

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from sqlalchemy import Connection

    from aha.stores import Contents, Stores

    T = TypeVar("T")


def read_stores(url: str, read: Callable[[Connection, Stores], T]) -> T:
    """Return what `read` finds in the stores. Raises DatabaseError, and StoreError for a journal that is not given."""
    return look(url, lambda connection: read(connection, stores_on(connection, cfg.aha.data_dir)))


def read_store(url: str, module: str) -> Contents:
    """Return what the store of `module` holds. Raises UsageError if it has none, DatabaseError and StoreError."""
    return read_stores(url, lambda connection, stores: stores.contents(connection, module))
