"""How code asks for modules to be reloaded: `ask`. Nothing is reloaded here; the application says who does it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from models.exc import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from models.api import Message

Ask: TypeAlias = "Callable[[Collection[str], Message], None]"
"""Takes a wish to reload these modules, or all if there are none, that was said in a message."""

_takers: list[Ask] = []


def ask(names: Collection[str] = (), *, event: Message) -> None:
    """Have these modules reloaded, or all, once the callback has ended; how it went is told where `event` was said.

    Names may be anything that a user typed. Raises UsageError if nobody reloads: in a test, before the bot is ready.
    """
    if not _takers:
        raise UsageError("nothing can be reloaded: only a bot that `aha run` has started can do that, once it is ready")
    _takers[-1](names, event)


@contextmanager
def taken_by(take: Ask) -> Iterator[None]:
    """Let `take` have what is asked for during the body."""
    _takers.append(take)
    try:
        yield
    finally:
        _takers.remove(take)
