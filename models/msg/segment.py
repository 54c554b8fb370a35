"""What every message segment has in common: its Aha code and its place among the kinds, which stand in other files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import attrs
from attrs import field, frozen

from models.content import as_text, content_key, copy_content
from utils import aha_code

if TYPE_CHECKING:
    from collections.abc import Mapping


def _as_dict(value: Mapping[str, Any]) -> dict[str, Any]:
    return dict(value)


# Segments are frozen attrs classes with slots: on CPython 3.11 building one takes two thirds of the time of a frozen
# Pydantic model and hashing three quarters, and frozen ones can be shared by all copies of an event. Dataclasses cost
# the same and have no converters.
_kinds: dict[str, type[MsgSeg]] = {}


class _CodeOfClass(type):
    """Makes `str(At)` the pattern of its codes, so that a class can stand inside a regular expression."""

    def __str__(cls) -> str:
        return cast("type[MsgSeg]", cls).pattern()


@frozen(kw_only=True)
class MsgSeg(metaclass=_CodeOfClass):
    """A piece of a message. Segments never change; `attrs.evolve(segment, name="new")` makes a changed copy.

    `str(segment)` is its Aha code, `str(MsgSeg)` a regular expression for any code, with the group `kind`.
    """

    kind: ClassVar[str]

    def __init_subclass__(cls) -> None:
        if "kind" in cls.__dict__:
            _kinds[cls.kind] = cls

    def __str__(self) -> str:
        return aha_code.write(self.kind, {name: str(value) for name, value in self._values().items()})

    def __reduce__(self) -> tuple[Any, ...]:
        # A stored segment is its kind and values, so that it can be read when fields have come and gone since.
        return segment, (self.kind, self._values())

    def _values(self) -> dict[str, Any]:
        values = ((each.name, getattr(self, each.name)) for each in self.__attrs_attrs__)
        return {name: value for name, value in values if value is not None}

    @classmethod
    def pattern(cls) -> str:
        """Return a regular expression for the codes of this class and its subclasses, a named group for each field."""
        if cls is MsgSeg:
            return rf"\[Aha:(?P<kind>{aha_code.NAME})(?:,[^\[\]]*)?\]"
        kinds = [kind for kind, known in _kinds.items() if issubclass(known, cls)]
        return aha_code.pattern(kinds, {each.name: each.default is attrs.NOTHING for each in attrs.fields(cls)})

    @classmethod
    def from_code(cls, values: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the fields that the values of a code stand for. Raises ValueError when they are none."""
        return values

    def copy(self) -> Self:
        """Return a segment that shares nothing changeable with this one: itself, unless it holds other things."""
        return self


@frozen(kw_only=True)
class Unknown(MsgSeg):
    """A segment of a kind that Aha has no class for, as the platform sent it: `Unknown(type="dice", data={})`.

    Its code is `[Aha:face,id=14]` when that says everything, else `[Aha:unknown,type=...,data=...]` with JSON data.
    """

    kind: ClassVar[str] = "unknown"
    type: str = field(converter=as_text)
    data: dict[str, Any] = field(converter=_as_dict, factory=dict)

    def __hash__(self) -> int:
        return hash((self.type, content_key(self.data)))

    def __str__(self) -> str:
        plain = all(isinstance(value, str) and aha_code.is_name(key) for key, value in self.data.items())
        if plain and self.type not in _kinds and aha_code.is_name(self.type):
            return aha_code.write(self.type, self.data)
        data = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"), default=str)
        return aha_code.write(self.kind, {"type": self.type, "data": data})

    @classmethod
    def pattern(cls) -> str:
        """Return a regular expression for any code whose kind is no other class's, with the group `kind`."""
        known = "|".join(kind for kind in _kinds if kind != cls.kind)
        return rf"\[Aha:(?P<kind>(?!(?:{known})[,\]]){aha_code.NAME})(?:,[^\[\]]*)?\]"

    @classmethod
    def from_code(cls, values: Mapping[str, str]) -> Mapping[str, Any]:
        """Read the JSON of `data`."""
        return {**values, "data": json.loads(values.get("data", "{}"))}

    def copy(self) -> Self:
        """Return one with its own data."""
        return attrs.evolve(self, data=copy_content(self.data))


def segment(kind: str, values: Mapping[str, Any]) -> MsgSeg:
    """Build the segment of `kind`, leaving out values that it has no field for.

    A kind that does not exist, or whose values do not do, becomes an `Unknown` that keeps them all; nothing is raised.
    """
    cls = _kinds.get(kind)
    if cls is not None:
        try:
            return cls(**{name: value for name, value in values.items() if name in attrs.fields_dict(cls)})
        except (TypeError, ValueError, OverflowError):
            pass
    return Unknown(type=kind, data=values)


def segment_from_code(kind: str, values: Mapping[str, str]) -> MsgSeg:
    """Build the segment that a code stands for; as `segment`, it never raises."""
    cls = _kinds.get(kind, MsgSeg)
    try:
        return segment(kind, cls.from_code(values))
    except (ValueError, RecursionError):
        return Unknown(type=kind, data=values)
