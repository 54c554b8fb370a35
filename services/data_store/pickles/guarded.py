"""Reads a row that nobody has vouched for. It makes plain types and objects of the bot's own classes, and does no more.

Python's own unpickler does what a row tells it; this one asks at each opcode that acts, which C's cannot, so it takes
some 20 times as long. Rows with classes are signed when they are written, and then read at full speed.

What remains for those who can write rows: objects of a module's class with attributes of their choice. `__new__`,
`__setstate__` and, in a class that pickles itself by calling it, the constructor get what the row says.
"""

from __future__ import annotations

import copyreg
import pickle
from collections import deque
from enum import Enum
from io import BytesIO
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any, Final

from services.data_store.pickles.opcodes import well_formed
from services.data_store.pickles.places import has, is_own, own_class
from services.data_store.pickles.plain_types import STAND_INS, plain_type
from services.data_store.pickles.refusals import Gone, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

# What a row can name and others use too: it may be part of a value, but reading one must not change it.
_SHARED: Final = (type, Enum, FunctionType, BuiltinFunctionType)


def read_guarded(data: bytes) -> Any:
    """Return the value in `data`. Raises Refused, Gone, and what reading damaged data or a module's class raises."""
    if not well_formed(data):
        raise pickle.UnpicklingError("not as pickling writes it")
    return _Guarded(BytesIO(data)).load()


class _Guarded(pickle._Unpickler):  # noqa: SLF001 - the one that can be asked at each opcode
    stack: list[Any]
    metastack: list[list[Any]]

    def find_class(self, module: str, name: str) -> Any:
        if not is_own(module):
            return plain_type(module, name)
        found = own_class(module, name)
        if found is None:
            raise (Refused if has(module, name) else Gone)(f"{module}.{name}")
        return found

    @property
    def opened(self) -> Any:
        """What is being filled: it lies below the mark."""
        return self.metastack[-1][-1]


def _check_call(reader: _Guarded) -> None:
    called, arguments = reader.stack[-2:]
    _require(_may_be_called(called) and type(arguments) is tuple, called)


def _check_new(reader: _Guarded) -> None:
    made, arguments = reader.stack[-2:]
    _require(isinstance(made, type) and type(arguments) is tuple, made)


def _check_new_with_names(reader: _Guarded) -> None:
    made, arguments, named = reader.stack[-3:]
    _require(isinstance(made, type) and type(arguments) is tuple and type(named) is dict, made)


def _check_state(reader: _Guarded) -> None:
    target, state = reader.stack[-2:]
    _require(not isinstance(target, _SHARED) and not _overrides(target, "__setstate__"), target)
    if not hasattr(type(target), "__setstate__"):
        parts = state if type(state) is tuple and len(state) == 2 else (state,)
        _require(
            all(part is None or (type(part) is dict and not any(map(_is_special, part))) for part in parts), target
        )


def _check_elements(target: object) -> None:
    _require(isinstance(target, list | deque) and not _overrides(target, "append", "extend"), target)


def _may_be_called(called: object) -> bool:
    """Whether there are values that are pickled as a call of `called`: one of our stand-ins, or their own class."""
    if not isinstance(called, type):
        return isinstance(called, FunctionType) and called in STAND_INS
    return called in copyreg.dispatch_table or any(
        getattr(called, name) is not getattr(object, name) for name in ("__reduce_ex__", "__reduce__")
    )


def _overrides(target: object, *names: str) -> bool:
    """Whether an object has got, from the row, something of its own to be called in place of a method of its class."""
    return not getattr(target, "__dict__", {}).keys().isdisjoint(names)


def _is_special(name: object) -> bool:
    """Whether an attribute of this name means something to Python, as `__class__` and `__setstate__` do."""
    return not isinstance(name, str) or (name.startswith("__") and name.endswith("__"))


def _require(fulfilled: bool, what: object) -> None:
    if not fulfilled:
        named = what if isinstance(what, type | FunctionType | BuiltinFunctionType) else type(what)
        raise Refused(f"{named.__module__}.{named.__qualname__}")


# What is asked before an opcode acts. The others move values about, make builtins, or are not `well_formed`.
_CHECKS: Final[dict[bytes, Callable[[_Guarded], None]]] = {
    pickle.REDUCE: _check_call,
    pickle.NEWOBJ: _check_new,
    pickle.NEWOBJ_EX: _check_new_with_names,
    pickle.BUILD: _check_state,
    pickle.APPEND: lambda reader: _check_elements(reader.stack[-2]),
    pickle.APPENDS: lambda reader: _check_elements(reader.opened),
    pickle.SETITEM: lambda reader: _require(isinstance(reader.stack[-3], dict), reader.stack[-3]),
    pickle.SETITEMS: lambda reader: _require(isinstance(reader.opened, dict), reader.opened),
    pickle.ADDITEMS: lambda reader: _require(type(reader.opened) is set, reader.opened),
}


def _asked(check: Callable[[Any], None], act: Callable[[Any], None]) -> Callable[[Any], None]:
    def step(reader: _Guarded) -> None:
        check(reader)
        act(reader)

    return step


_Guarded.dispatch = _Guarded.dispatch | {
    opcode[0]: _asked(check, _Guarded.dispatch[opcode[0]]) for opcode, check in _CHECKS.items()
}
