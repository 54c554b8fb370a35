"""Values as JSON, and what a column means back from it. What a newer release of Aha has added to it is passed over.

This much every start needs; what only a migration reads is in `codec_records`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from core.migration.meaning import Kind, Meaning


def encode(value: Any) -> str:
    """`value`, made of dataclasses, mappings, sequences and texts, as JSON."""
    return json.dumps(value, default=plain, ensure_ascii=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """`value` as something that JSON has, its parts as they are."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return getattr(value, "__qualname__", repr(value))


def meaning_from(given: Mapping[str, Any]) -> Meaning:
    """The meaning that `encode` wrote."""
    data = known(Meaning, given)
    kind = Kind(data["kind"]) if data["kind"] in set(Kind) else Kind.OTHER
    return Meaning(**{**data, "kind": kind})


def known(cls: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What `cls` has of `given`, its sequences as tuples."""
    names = {field.name for field in fields(cls)}
    return {name: tuple(v) if isinstance(v, list) else v for name, v in given.items() if name in names}
