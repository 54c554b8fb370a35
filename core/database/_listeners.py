"""Event listeners that a module gives SQLAlchemy: they go with the module's code, even if what they listen to stays.

`@event.listens_for(Note, "before_update")` in code that is replaced would be called once more after each reload, if
`Note` or `Session` stays. Checked against SQLAlchemy 2.1, which keeps the one door of all listeners private.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy.event.registry import _EventKey
from sqlalchemy.exc import InvalidRequestError

from core.context import current_module

_listen = _EventKey.listen


def watch_listeners() -> None:
    """Enter each function of a module that listens to something from now on in the module's record."""
    _EventKey.listen = _listen_for_module  # type: ignore[method-assign]


def _listen_for_module(self: _EventKey[Any], *args: Any, **kw: Any) -> None:
    module = current_module.get()
    # SQLAlchemy's own functions listen to what the module declares, and go with that.
    if module is not None and _is_of_module(self.fn) and not self.contains():
        module.enter(_nothing, redo=_nothing, end=partial(_end, self))
    _listen(self, *args, **kw)


def _is_of_module(function: Any) -> bool:
    """Whether a module has written the function; a partial says of itself that it is of `functools`."""
    while isinstance(function, partial):
        function = function.func
    return str(getattr(function, "__module__", "")).startswith("modules.")


def _nothing() -> None:
    """Old code is listened to until its end: its classes work until then, too."""


def _end(key: _EventKey[Any]) -> None:
    with suppress(InvalidRequestError):  # its author has removed it
        key.remove()
