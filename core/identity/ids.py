r"""The number that a user or group gets, a pure function of its name. It knows no database, so not who is mapped.

The formula is fixed for ever, for numbers are stored in the tables of modules:

    blake2b(f"{platform}\0{id}" in UTF-8, digest_size=8, person=b"aha.user" or b"aha.group"), a signed big-endian int
"""

from __future__ import annotations

from hashlib import blake2b
from operator import index
from typing import Final, Literal

from models.exc import IdentityError

Kind = Literal["user", "group"]
Key = tuple[str, str]
"""Platform and the id there."""

# Platform and id together are a primary key, and PostgreSQL refuses an index entry beyond 2,704 bytes.
_MOST_BYTES: Final = 1_000

IDS: Final = range(-(2**63), 2**63)
"""All Aha IDs that there can be."""


def hashed_id(kind: Kind, key: Key, *, salt: int = 0) -> int:
    """Return the Aha ID that `key` gets unless somebody has it already; `kind` is "user" or "group"."""
    digest = blake2b("\0".join(key).encode(), digest_size=8, person=f"aha.{kind}".encode(), salt=salt.to_bytes(16))
    return int.from_bytes(digest.digest(), signed=True)


def whole(aha_id: int) -> int:
    """Return the number as an int. Raise TypeError for what is none: each database would make something else of it."""
    try:
        return index(aha_id)
    except TypeError:
        raise TypeError(f"an Aha ID is an int, not {aha_id!r}: take it from user2aha_id or group2aha_id") from None


def check(kind: Kind, key: Key) -> None:
    """Refuse what one of the two databases cannot store."""
    for part in key:
        if not part or "\0" in part or any("\ud800" <= char <= "\udfff" for char in part):
            wrong = "it is empty" if not part else "it holds a NUL character or half of a surrogate pair"
            raise IdentityError(f"no {kind} can be called {part!r} (of {key!r}): {wrong}")
    if len("".join(key).encode()) > _MOST_BYTES:
        raise IdentityError(
            f"the {kind} id {key[1][:20]!r}... is too long: at most {_MOST_BYTES} bytes with the platform"
        )
