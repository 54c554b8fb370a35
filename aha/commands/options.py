"""Options that several commands have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyclopts import Token


def _split(_type: Any, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Take names given one after another, in repeated options, or with commas between them.

    Where there is nothing between quotes, that is a name that nobody has: else a variable that is empty would mean all.
    For the same reason an option without any name is refused.
    """
    return tuple(name for token in tokens for name in [*filter(None, token.value.split(","))] or [""])


Names = Annotated[tuple[str, ...], Parameter(consume_multiple=(1, None), converter=_split, negative=())]
