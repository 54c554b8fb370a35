"""A whole message: a list of segments in which text may be written as str. It knows no event and no platform."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from typing_extensions import TypeVar

from models.msg.kinds import At, Text
from models.msg.segment import MsgSeg

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

S = TypeVar("S", bound=MsgSeg, default=MsgSeg)
Kind = TypeVar("Kind", bound=MsgSeg)


def _segment(item: MsgSeg | str) -> Any:
    if isinstance(item, MsgSeg):
        return item
    if isinstance(item, str):
        return Text(text=item)
    raise TypeError(f"a message holds segments and text, not {item!r}; write str(...) around it")


def _segments(items: Iterable[MsgSeg | str] | MsgSeg | str) -> list[Any]:
    """Turn each item into a segment; a lone str or segment is one item."""
    return [_segment(items)] if isinstance(items, str | MsgSeg) else [_segment(item) for item in items]


def _joined(segments: Iterable[MsgSeg]) -> list[MsgSeg]:
    """Put texts side by side into one and leave out empty ones: what a message says, however it was put together."""
    joined: list[MsgSeg] = []
    for cls, run in groupby(segments, type):
        if cls is not Text:
            joined.extend(run)
        elif text := "".join(map(attrgetter("text"), run)):
            joined.append(Text(text=text))
    return joined


class MessageChain(list[S]):
    """A list of segments; wherever a str is put in, it becomes a `Text`.

    Chains are equal when they say the same: texts side by side count as one and empty ones as none. The hash follows
    the content, so it changes with it. `str(chain)` is the text with every other segment as its Aha code.
    Anything that is neither a segment nor a str raises TypeError.
    """

    __slots__ = ()

    def __init__(self, items: Iterable[S | str] | S | str = ()) -> None:
        super().__init__(_segments(items))

    def append(self, item: S | str) -> None:
        """Add one segment at the end."""
        super().append(_segment(item))

    def insert(self, index: SupportsIndex, item: S | str) -> None:
        """Put one segment before the one at `index`."""
        super().insert(index, _segment(item))

    def extend(self, items: Iterable[S | str] | S | str) -> None:
        """Add segments at the end; a lone str is one text."""
        super().extend(_segments(items))

    def copy(self) -> MessageChain[S]:
        """Return a chain that shares nothing changeable with this one, whatever its segments hold."""
        return MessageChain([item.copy() for item in self])

    def filter(self, cls: type[Kind]) -> MessageChain[Kind]:
        """Return the segments of `cls` and its subclasses, in their order."""
        return MessageChain([item for item in self if isinstance(item, cls)])

    def is_user_at(self, user_id: str | int) -> bool:
        """Whether the message mentions this very user; mentioning everyone does not count."""
        return any(isinstance(item, At) and item.user_id == str(user_id) for item in self)

    @overload
    def __getitem__(self, index: SupportsIndex) -> S: ...
    @overload
    def __getitem__(self, index: slice) -> MessageChain[S]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        found = super().__getitem__(index)
        return MessageChain(found) if isinstance(index, slice) else found

    def __setitem__(self, index: SupportsIndex | slice, value: Any) -> None:
        super().__setitem__(index, _segments(value) if isinstance(index, slice) else _segment(value))  # type: ignore[index,assignment]

    def __add__(self, other: Iterable[MsgSeg | str] | MsgSeg | str) -> MessageChain:  # type: ignore[override]
        return MessageChain([*self, *_segments(other)])

    def __radd__(self, other: Iterable[MsgSeg | str] | MsgSeg | str) -> MessageChain:
        return MessageChain([*_segments(other), *self])

    def __iadd__(self, other: Iterable[S | str] | S | str) -> MessageChain[S]:  # type: ignore[override,misc]
        self.extend(other)
        return self

    def __mul__(self, times: SupportsIndex) -> MessageChain[S]:
        return MessageChain(super().__mul__(times))

    def __eq__(self, other: object) -> bool:
        return _joined(self) == _joined(other) if isinstance(other, MessageChain) else super().__eq__(other)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(_joined(self)))

    def __str__(self) -> str:
        return "".join(map(str, _joined(self)))

    def __repr__(self) -> str:
        return f"MessageChain({super().__repr__()})"


def MsgSeq(*items: MsgSeg | str) -> MessageChain:  # noqa: N802 - the documented name
    """Build a message from its parts: `MsgSeq("hello ", At(user_id="1"))`."""
    return MessageChain(items)


def to_chain(value: Any) -> MessageChain:
    """Turn whatever a module answers with into a new message: a str, a segment, or a sequence of them.

    A list or tuple is a sequence when it holds text alone or at least one segment. Everything else, None too, becomes
    its text.
    """
    if isinstance(value, str | MsgSeg | MessageChain):
        return MessageChain(value)
    if isinstance(value, list | tuple) and _is_sequence(value):
        return MessageChain([each for item in value for each in to_chain(item)])
    return MessageChain(str(value))


def _is_sequence(value: Sequence[Any]) -> bool:
    return all(isinstance(item, str) for item in value) or any(
        isinstance(item, MsgSeg | MessageChain) for item in value
    )
