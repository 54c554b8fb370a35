"""The tree that a condition is: immutable nodes that compute a value from one look at one event. No operators here.

What a part of a condition finds (the match of a regular expression, the arguments of a command) stays with the look:
`All` keeps what its parts found, `Either` what the first part that holds found, `Negation` nothing. Of two matches,
or two lists of arguments, the one further left is kept.

An error in a part is an error of the whole, which then counts as false, unless another part of an `Either` holds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from core.expr.operators import answered

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator

    from core.expr.facts import Facts
    from core.expr.operators import Operator
    from core.expr.text import MessageText


class Look:
    """One look of one condition at one event: what is known of the event, what the condition found in it.

    `text` is None unless it is a message, `match` if no regular expression matched, `args` if no command did.
    """

    __slots__ = ("args", "facts", "match", "text")

    def __init__(self, facts: Facts, text: MessageText | None) -> None:
        self.facts = facts
        self.text = text
        self.match: re.Match[str] | None = None
        self.args: list[Any] | None = None


class Node:
    """A part of a condition."""

    __slots__ = ()

    def value(self, look: Look) -> Any:
        """Compute the value; may raise whatever the values in it raise."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Node):
    """A plain value, written into the condition."""

    constant: Any

    def value(self, look: Look) -> Any:  # noqa: ARG002 - a constant needs no look
        """Give the constant."""
        return self.constant

    def __repr__(self) -> str:
        return repr(self.constant)


@dataclass(frozen=True, slots=True, eq=False)
class Field(Node):
    """A field of the event, `PM.<name>`; `read` gets it from a look."""

    name: str
    read: Callable[[Look], Any]

    def value(self, look: Look) -> Any:
        """Give what the event has there."""
        return self.read(look)

    def __repr__(self) -> str:
        return f"PM.{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Operation(Node):
    """An operator with a value on either side."""

    operator: Operator
    left: Node
    right: Node

    def value(self, look: Look) -> Any:
        """Apply the operator."""
        return self.operator.apply(self.left.value(look), self.right.value(look), look)

    def __repr__(self) -> str:
        symbol = self.operator.symbol
        return f"{self.left}{symbol}({self.right})" if symbol[0] == "." else f"({self.left} {symbol} {self.right})"


@dataclass(frozen=True, slots=True, eq=False)
class Attribute(Node):
    """An attribute of a value."""

    owner: Node
    name: str

    def value(self, look: Look) -> Any:
        """Get the attribute."""
        return getattr(self.owner.value(look), self.name)

    def __repr__(self) -> str:
        return f"{self.owner}.{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Item(Node):
    """What stands in a value under a key or index."""

    owner: Node
    key: Node

    def value(self, look: Look) -> Any:
        """Get the item."""
        return self.owner.value(look)[self.key.value(look)]

    def __repr__(self) -> str:
        return f"{self.owner}[{self.key}]"


@dataclass(frozen=True, slots=True, eq=False)
class Invocation(Node):
    """A call of a value."""

    callee: Node
    args: tuple[Node, ...]
    names: tuple[str, ...]
    """Names of the keyword arguments, which are the last of `args`."""

    def value(self, look: Look) -> Any:
        """Call it."""
        values = [arg.value(look) for arg in self.args]
        first_named = len(values) - len(self.names)
        named = dict(zip(self.names, values[first_named:], strict=True))
        return answered(self.callee.value(look)(*values[:first_named], **named))

    def __repr__(self) -> str:
        unnamed = [""] * (len(self.args) - len(self.names))
        labels = [*unnamed, *(f"{name}=" for name in self.names)]
        return f"{self.callee}({', '.join(f'{label}{arg}' for label, arg in zip(labels, self.args, strict=True))})"


@dataclass(frozen=True, slots=True, eq=False)
class All(Node):
    """Holds if every part holds; stops at the first that does not."""

    parts: tuple[Node, ...]

    def value(self, look: Look) -> bool:
        """Say whether all hold."""
        return all(part.value(look) for part in self.parts)

    def __repr__(self) -> str:
        return f"({' & '.join(map(repr, self.parts))})"


@dataclass(frozen=True, slots=True, eq=False)
class Either(Node):
    """Holds if one part holds; stops at the first that does."""

    parts: tuple[Node, ...]

    def value(self, look: Look) -> bool:
        """Say whether one holds; raise the first error if none holds and one could not be told."""
        before = look.match, look.args
        failure: Exception | SystemExit | None = None
        for part in self.parts:
            try:
                if part.value(look):
                    return True
            except (Exception, SystemExit) as error:  # noqa: BLE001 - another part may hold; raised below if none does
                failure = failure or error
            look.match, look.args = before
        if failure is not None:
            raise failure
        return False

    def __repr__(self) -> str:
        return f"({' | '.join(map(repr, self.parts))})"


@dataclass(frozen=True, slots=True, eq=False)
class Negation(Node):
    """Holds if its part does not."""

    part: Node

    def value(self, look: Look) -> bool:
        """Say whether the part does not hold; forget what it found."""
        before = look.match, look.args
        holds = bool(self.part.value(look))
        look.match, look.args = before
        return not holds

    def __repr__(self) -> str:
        return f"~{self.part}"


def mentioned(node: Node) -> frozenset[str]:
    """Return the names of the fields that occur in the tree of `node`."""
    if isinstance(node, Field):
        return frozenset({node.name})
    return frozenset(name for child in _children(node) for name in mentioned(child))


def _children(node: Node) -> Iterator[Node]:
    for field in fields(node):  # type: ignore[arg-type]  # every concrete node is a dataclass
        content = getattr(node, field.name)
        candidates = content if isinstance(content, tuple) else (content,)
        yield from (candidate for candidate in candidates if isinstance(candidate, Node))
