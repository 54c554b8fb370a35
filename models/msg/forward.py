"""Segments that hold messages: a chat record that was forwarded, and one message of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
from attrs import field, frozen

from models.content import as_optional_text
from models.msg.chain import MessageChain, to_chain
from models.msg.code import parse_aha_code
from models.msg.segment import MsgSeg

if TYPE_CHECKING:
    from collections.abc import Mapping


def _as_nodes(value: Any) -> MessageChain[Node]:
    nodes: MessageChain[Node] = MessageChain(value)
    for node in nodes:
        if not isinstance(node, Node):
            raise TypeError(f"a forwarded record holds Nodes, not {node!r}; write Node(..., content=...)")
    return nodes


@frozen(kw_only=True)
class _Holder(MsgSeg):
    """Has `content`, which is part of its values and its code unless it is empty."""

    content: Any

    def _values(self) -> dict[str, Any]:
        values = super()._values()
        if self.content == MessageChain():
            del values["content"]
        return values

    @classmethod
    def from_code(cls, values: Mapping[str, str]) -> Mapping[str, Any]:
        """Read the message that `content` holds as code."""
        return {**values, "content": parse_aha_code(values.get("content", ""))}

    def copy(self) -> Self:
        """Return one with its own content."""
        return attrs.evolve(self, content=self.content.copy())


@frozen(kw_only=True)
class Node(_Holder):
    """One message of a forwarded record: who said it and what; or the `id` of a message that exists."""

    kind: ClassVar[str] = "node"
    user_id: str | None = field(converter=as_optional_text, default=None)
    nickname: str | None = field(converter=as_optional_text, default=None)
    content: MessageChain = field(converter=to_chain, default=())
    id: str | None = field(converter=as_optional_text, default=None)


@frozen(kw_only=True)
class Forward(_Holder):
    """A forwarded chat record: the `id` under which the platform keeps it, or its messages as `content`."""

    kind: ClassVar[str] = "forward"
    id: str | None = field(converter=as_optional_text, default=None)
    content: MessageChain[Node] = field(converter=_as_nodes, default=())
