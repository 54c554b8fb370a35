"""Conditions as module authors write them: operators and methods that build the tree. Nothing is evaluated here."""

from __future__ import annotations

import inspect
from typing import NoReturn

from core.expr import operators
from core.expr.fields import COMMAND
from core.expr.nodes import All, Attribute, Constant, Either, Invocation, Item, Negation, Node, Operation
from core.expr.operators import Operator, as_pattern, is_annotation
from core.expr.shorthand import message_condition
from models.exc import UsageError
from models.msg import MessageChain


def node_of(value: object) -> Node:
    """Return the tree of an expression; a plain value becomes a constant."""
    return value.__node__ if isinstance(value, Expr) else Constant(value)


class Expr:
    """A value that is computed when an event comes: a field, or what is made of fields by operators.

    Every operator and method gives a new expression and changes nothing. An attribute, index or call that is not
    listed here is applied to the value when it is computed: `Pmsg.search(r"a(.+)")[1].lower() == "x"`.
    Expressions compare to expressions, so they have no truth value; in sets and dicts they go by identity.
    """

    __slots__ = ("__node__",)
    __node__: Node

    def __init__(self, node: Node) -> None:
        object.__setattr__(self, "__node__", node)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]
        """Equal; a list of values and types compares item by item, a type or annotation validates."""
        if isinstance(other, list | tuple) and not isinstance(other, MessageChain):
            return self._with(operators.SAME_SEQUENCE, tuple(other))
        if isinstance(other, str) and self.__node__ is COMMAND:
            return self.singletonof(other)
        return self._with(operators.VALIDATE_BY if is_annotation(other) else operators.EQUAL, other)

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]
        return Not(self == other)

    def __lt__(self, other: object) -> Expr:
        return self._with(operators.LESS, other)

    def __le__(self, other: object) -> Expr:
        return self._with(operators.AT_MOST, other)

    def __gt__(self, other: object) -> Expr:
        return self._with(operators.MORE, other)

    def __ge__(self, other: object) -> Expr:
        return self._with(operators.AT_LEAST, other)

    def __and__(self, other: object) -> Expr:
        return And(self, _side(other, "&"))

    def __rand__(self, other: object) -> Expr:
        return And(_side(other, "&"), self)

    def __or__(self, other: object) -> Expr:
        return Or(self, _side(other, "|"))

    def __ror__(self, other: object) -> Expr:
        return Or(_side(other, "|"), self)

    def __invert__(self) -> Expr:
        return Not(self)

    def in_(self, container: object) -> Expr:
        """Whether the value is in `container`."""
        return self._with(operators.IN, container)

    def notin(self, container: object) -> Expr:
        """Whether the value is not in `container`."""
        return Not(self.in_(container))

    def contains(self, item: object) -> Expr:
        """Whether `item` is in the value; a type asks for an item of that type."""
        return self._with(operators.CONTAINS, item)

    def notcontains(self, item: object) -> Expr:
        """Whether `item` is not in the value."""
        return Not(self.contains(item))

    def prefixof(self, start: object) -> Expr:
        """Whether the value begins with `start`, a str or a list of values and types.

        Of a list, the items that a type stands for and then all that follow `start` go into `args`.
        """
        return self._with(operators.PREFIX_OF, _frozen(start))

    def notprefixof(self, start: object) -> Expr:
        """Whether the value does not begin with `start`."""
        return Not(self.prefixof(start))

    def suffixof(self, end: object) -> Expr:
        """Whether the value ends with `end`; of a list, the items that a type stands for go into `args`."""
        return self._with(operators.SUFFIX_OF, _frozen(end))

    def notsuffixof(self, end: object) -> Expr:
        """Whether the value does not end with `end`."""
        return Not(self.suffixof(end))

    def singletonof(self, item: object) -> Expr:
        """Whether the value is a list of this one item (or of one item of this type)."""
        return self._with(operators.SAME_SEQUENCE, (item,))

    def notsingletonof(self, item: object) -> Expr:
        """Whether the value is not a list of this one item."""
        return Not(self.singletonof(item))

    def match(self, pattern: object) -> Expr:
        """The match of a regular expression at the start; a str is compiled and ignores case."""
        return self._with(operators.MATCH, as_pattern(pattern))

    def fullmatch(self, pattern: object) -> Expr:
        """The match of a regular expression with the whole; a str is compiled and ignores case."""
        return self._with(operators.FULLMATCH, as_pattern(pattern))

    def search(self, pattern: object) -> Expr:
        """The first match of a regular expression anywhere; a str is compiled and ignores case."""
        return self._with(operators.SEARCH, as_pattern(pattern))

    def validateby(self, annotation: object) -> Expr:
        """Whether the value is of this type or annotation."""
        return self._with(operators.VALIDATE_BY, annotation)

    def applyto(self, function: object) -> Expr:
        """What `function`, which must not be async, makes of the value."""
        return self._calling(operators.APPLY_TO, function)

    def filter(self, keep: object) -> Expr:
        """Those items of the value that are of type `keep`, or for which the function `keep` is true."""
        return self._calling(operators.FILTER, keep)

    def _calling(self, operator: Operator, function: object) -> Expr:
        if inspect.iscoroutinefunction(function):
            raise UsageError(
                f"{self!r}{operator.symbol}({function!r}): a condition cannot wait, so the function must not be async"
            )
        return self._with(operator, function)

    def _with(self, operator: Operator, other: object) -> Expr:
        return Expr(Operation(operator, self.__node__, node_of(other)))

    def __getattr__(self, name: str) -> Expr:
        if name.startswith("_"):  # Python and its tools ask for many such names; they are never meant for the value
            raise AttributeError(name)
        return Expr(Attribute(self.__node__, name))

    def __getitem__(self, key: object) -> Expr:
        return Expr(Item(self.__node__, node_of(key)))

    def __call__(self, *args: object, **named: object) -> Expr:
        """Call the value when it is computed."""
        nodes = tuple(node_of(arg) for arg in (*args, *named.values()))
        return Expr(Invocation(self.__node__, nodes, tuple(named)))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"an expression cannot be changed: {self!r}.{name} = {value!r}")

    def __bool__(self) -> NoReturn:
        raise UsageError(
            f"{self!r} has no truth value before an event comes: combine conditions with & | ~ instead of and, or, "
            "not, write (a < x) & (x < b) instead of a < x < b, and give conditions to on_message instead of `if`"
        )

    def __contains__(self, item: object) -> NoReturn:
        raise UsageError(f"write {self!r}.contains({item!r}) instead of `in`")

    def __iter__(self) -> NoReturn:
        raise UsageError(f"{self!r} cannot be looped over: it has no value before an event comes")

    def __repr__(self) -> str:
        return repr(self.__node__)


class And(Expr):
    """Holds if all `conditions` hold; None is ignored. They may be written short, as in `on_message`."""

    __slots__ = ()

    def __init__(self, *conditions: object) -> None:
        super().__init__(All(tuple(as_condition(each).__node__ for each in conditions if each is not None)))


class Or(Expr):
    """Holds if one of `conditions` holds; None is ignored. They may be written short, as in `on_message`."""

    __slots__ = ()

    def __init__(self, *conditions: object) -> None:
        super().__init__(Either(tuple(as_condition(each).__node__ for each in conditions if each is not None)))


class Not(Expr):
    """Holds if `condition` does not. It may be written short, as in `on_message`."""

    __slots__ = ()

    def __init__(self, condition: object) -> None:
        super().__init__(Negation(as_condition(condition).__node__))


def as_condition(value: object) -> Expr:
    """Return an expression as it is, and the condition on a message that another value is short for.

    Raises UsageError if it is short for none.
    """
    return value if isinstance(value, Expr) else Expr(message_condition(value))


def _side(value: object, symbol: str) -> Expr:
    if isinstance(value, Expr):
        return value
    raise UsageError(
        f"{value!r} beside {symbol} is no condition: {symbol} binds tighter than == and <, so put each comparison in "
        f"parentheses, (a == 1) {symbol} (b == 2), or use And(...) and Or(...)"
    )


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
