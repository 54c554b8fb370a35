"""Reads a row that nobody has vouched for. It makes plain types and objects of the bot's own classes, and does no more.

Python's own unpickler does what a row tells it; this one asks at each opcode that acts, which C's cannot, so it takes
some 20 times as long. Rows with classes are signed when they are written, and then read at full speed.

What an opcode calls is looked up in the class, never in the object: a row must not bring its own `__setstate__` or
`append`. Which calls there are is said by `calls`, which attributes by `states`.

What remains for those who can write rows is what the classes of modules themselves do, with what a row says. These run
as the class defines them, or inherits them from a library that is not of plain types (`class Job(subprocess.Popen)`
inherits `__del__`):

* `__new__` and `__setstate__`; in a class that pickles itself by calling it the constructor; `_missing_` of an enum;
* `__setitem__` of a dict, `append` and `extend` of a list or deque;
* `__hash__` and `__eq__` of what is a key, in a set, or looked up as a member of an enum; `__repr__` of what an error
  shows; `__del__` of what is dropped; what a metaclass defines; `utcoffset` of the time zone of what is a key.

They get objects with attributes, keys and elements of the row's choice, of types that they may not expect. What is an
attribute cannot be called, but a class may lie in a list, or be what a defaultdict makes for a missing key: a method
that calls what it finds there lets the row choose among the classes of modules and the plain types.
"""

from __future__ import annotations

import pickle
from collections import deque
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from services.data_store.pickles.calls import may_call, may_make
from services.data_store.pickles.inherited import is_a, method
from services.data_store.pickles.opcodes import well_formed
from services.data_store.pickles.places import has, is_own, own_class
from services.data_store.pickles.plain_types import plain_type
from services.data_store.pickles.refusals import Gone, Refused, require
from services.data_store.pickles.states import give_state, may_hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def read_guarded(data: bytes) -> Any:
    """Return the value in `data`. Raises Refused, Gone, and what reading damaged data or a module's class raises."""
    if not well_formed(data):
        raise pickle.UnpicklingError("not as pickling writes it")
    return _Guarded(BytesIO(data)).load()


class _Guarded(pickle._Unpickler):  # noqa: SLF001 - the one that can be asked at each opcode
    stack: list[Any]
    metastack: list[list[Any]]
    pop_mark: Callable[[], list[Any]]

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


def _call(reader: _Guarded) -> None:
    called, arguments = reader.stack[-2:]
    require(type(arguments) is tuple and may_call(called, arguments), called)


def _make(reader: _Guarded) -> None:
    made, arguments = reader.stack[-2:]
    require(type(arguments) is tuple and may_make(made, arguments, {}), made)


def _make_with_names(reader: _Guarded) -> None:
    made, arguments, named = reader.stack[-3:]
    require(type(arguments) is tuple and type(named) is dict and may_make(made, arguments, named), made)


def _set(reader: _Guarded) -> None:
    _check_items(reader.stack[-3], reader.stack[-1:])


def _set_all(reader: _Guarded) -> None:
    _check_items(reader.opened, reader.stack[1::2])


def _check_items(target: object, items: Iterable[object]) -> None:
    require(is_a(target, dict) and all(may_hold(target, item) for item in items), target)


def _add_all(reader: _Guarded) -> None:
    require(type(reader.opened) is set, reader.opened)


def _asked(check: Callable[[_Guarded], None], act: Callable[[Any], None]) -> Callable[[Any], None]:
    def step(reader: _Guarded) -> None:
        check(reader)
        act(reader)

    return step


# What is asked before an opcode acts. The others move values about, make builtins, or are not `well_formed`.
_CHECKS: Final[dict[bytes, Callable[[_Guarded], None]]] = {
    pickle.REDUCE: _call,
    pickle.NEWOBJ: _make,
    pickle.NEWOBJ_EX: _make_with_names,
    pickle.SETITEM: _set,
    pickle.SETITEMS: _set_all,
    pickle.ADDITEMS: _add_all,
}


def _build(reader: _Guarded) -> None:
    state = reader.stack.pop()
    give_state(reader.stack[-1], state)


def _append(reader: _Guarded) -> None:
    element = reader.stack.pop()
    _bound(reader.stack[-1], "append")(element)


def _append_all(reader: _Guarded) -> None:
    elements = reader.pop_mark()
    _bound(reader.stack[-1], "extend")(elements)


def _bound(target: object, name: str) -> Callable[[object], object]:
    require(is_a(target, (list, deque)), target)
    found: Callable[[object], object] = method(target, name)
    return found


# Python's own would take a method from the object, where a row can have put something else.
_INSTEAD: Final = {pickle.BUILD: _build, pickle.APPEND: _append, pickle.APPENDS: _append_all}

_Guarded.dispatch = (
    _Guarded.dispatch
    | {opcode[0]: _asked(check, _Guarded.dispatch[opcode[0]]) for opcode, check in _CHECKS.items()}
    | {opcode[0]: act for opcode, act in _INSTEAD.items()}
)
