"""Which keys a store takes: those that every database keeps. And how they are named in what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.exc import StoreKeyError

if TYPE_CHECKING:
    from collections.abc import Sequence

# PostgreSQL refuses an index entry beyond 2,704 bytes, and the key is the primary key.
MAX_KEY_BYTES: Final = 2_000
# So many keys are named in one report.
_SHOWN: Final = 5


def checked_key(key: object) -> str:
    """Return `key` as a plain str that every database keeps; StoreKeyError says why it cannot be."""
    if type(key) is str and key.isascii() and len(key) <= MAX_KEY_BYTES and "\0" not in key:
        return key  # as nearly all are: the rest takes its time
    if not isinstance(key, str):
        raise StoreKeyError(f"a SimpleStore's keys are str, not {type(key).__name__} ({key!r}); use str(...)")
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
    return str.__str__(key)  # str(...) of an enum member would be its name


def named(keys: Sequence[str]) -> str:
    """Name one key, or say how many they are, and name some of them."""
    shown = ", ".join(map(repr, keys[:_SHOWN]))
    return f"key {shown}" if len(keys) == 1 else f"{len(keys)} keys ({shown}{', ...' if len(keys) > _SHOWN else ''})"
