"""How names inside a module become names in the database. Pure text; it knows neither tables nor modules.

The rule of the interface: a table `t` of module `m` is `t__m`. The same suffix makes indexes, constraints, enum types
and sequences unique. PostgreSQL cuts names at 63 bytes without a word, so longer ones are shortened here, with a digest
that keeps them apart. SQLite has no limit but gets the same names: a database can move between the two.
"""

from __future__ import annotations

from hashlib import blake2s

MAX_BYTES = 63
_DIGEST_CHARS = 8
# A suffix longer than this leaves no room for a table name that anyone would recognise.
_MAX_SUFFIX_BYTES = 40


def physical_name(name: str, module: str | None) -> str:
    """The name in the database of what `module` calls `name`; None is the framework, whose names stay plain."""
    if module is None:
        return name
    full = f"{name}__{module}"
    if len(full.encode()) <= MAX_BYTES:
        return full
    digest = blake2s(full.encode()).hexdigest()[:_DIGEST_CHARS]
    suffix = f"_{digest}__{module}"
    if len(suffix.encode()) <= _MAX_SUFFIX_BYTES:
        return _cut(name, MAX_BYTES - len(suffix.encode())) + suffix
    return f"{_cut(full, MAX_BYTES - _DIGEST_CHARS - 1)}_{digest}"


def _cut(text: str, limit: int) -> str:
    """The longest prefix of `text` that fits into `limit` bytes, whole characters only."""
    return text.encode()[:limit].decode(errors="ignore")
