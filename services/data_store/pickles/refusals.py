"""Why a class that a row names is not made, as this package says it to itself; `values` adds the key and the remedy."""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType
from typing import Any


class Refused(Exception):  # noqa: N818 - reads as the sentence it is
    """Only a row that this installation has written may name this, or use it so."""


class Gone(Exception):  # noqa: N818 - reads as the sentence it is
    """Nothing of this name is there; `why` says what was tried, if not only looking."""

    def __init__(self, place: str, why: str = "") -> None:
        super().__init__(place)
        self.why = why


def require(fulfilled: bool, what: object) -> None:
    """Raise Refused, which names the class or function that `what` is or is of, unless the condition is fulfilled."""
    if not fulfilled:
        named: Any = what if issubclass(type(what), type | FunctionType | BuiltinFunctionType) else type(what)
        raise Refused(f"{named.__module__}.{named.__qualname__}")
