"""How one entry of a store becomes a row: the table, which keys and values it takes. It runs no SQL."""

from __future__ import annotations

import pickle
from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, Table, Text

from core.database import metadata
from models.exc import StoreKeyError, StoreValueError

# PostgreSQL refuses an index entry beyond 2,704 bytes, and the key is the primary key.
MAX_KEY_BYTES = 2_000
# Both databases end at about 1 GB per value; a row beyond would be refused only when it is written, too late.
MAX_VALUE_BYTES = 256_000_000
# What Python 3.11 and its successors all read.
_PICKLE_PROTOCOL = 5


def declare_table() -> Table:
    """Declare the table of the current module's store; inside module `m` it is `aha_store__m` on disk."""
    return Table(
        "aha_store",
        metadata,
        Column("key", Text, primary_key=True),
        Column("value", LargeBinary, nullable=False),
        Column("updated_at", DateTime(timezone=True), nullable=False),
    )


def checked_key(key: object) -> str:
    """Return `key` as a plain str that every database keeps; StoreKeyError says why it cannot be."""
    if not isinstance(key, str):
        raise StoreKeyError(f"a SimpleStore's keys are str, not {type(key).__name__} ({key!r}); use str(...)")
    if type(key) is not str:
        key = str.__str__(key)  # str(...) of an enum member would be its name
    if "\0" in key:
        raise StoreKeyError(f"a SimpleStore's key cannot hold a NUL character: {key!r}; leave it out")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise StoreKeyError(
            f"a SimpleStore's key cannot hold half of a surrogate pair: {key!r}; leave it out"
        ) from None
    if size > MAX_KEY_BYTES:
        raise StoreKeyError(
            f"a SimpleStore's key has at most {MAX_KEY_BYTES} UTF-8 bytes, {key[:20]!r}... has {size}: use a hash of it"
        )
    return key


def pickled(key: str, value: Any) -> bytes:
    """Return what is stored for `value`; StoreValueError, naming key and type, if it cannot be."""
    try:
        data = pickle.dumps(value, _PICKLE_PROTOCOL)
    except Exception as error:  # an author's __reduce__ may raise anything
        raise StoreValueError(
            f"the value for key {key!r}, a {type(value).__qualname__}, cannot be pickled ({error}); store plain data"
        ) from error
    if len(data) > MAX_VALUE_BYTES:
        raise StoreValueError(
            f"the value for key {key!r}, a {type(value).__qualname__}, takes {len(data):,} bytes, more than "
            f"{MAX_VALUE_BYTES:,}; keep it in a file and store its path"
        )
    return data


def unpickled(data: bytes) -> Any:
    """Return the value of a row; raises whatever unpickling it raises."""
    return pickle.loads(data)  # noqa: S301 - the rows are the bot's own
