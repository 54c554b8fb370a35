"""Gives an object the attributes that a row has for it, so that nothing is run but `__setstate__` of a module's class.

An attribute is data: what could be called in place of a method (`keys`, `close`, whatever some code asks an object for)
is refused, as are properties and `__setattr__`, which act, and the insides of plain types.
"""

from __future__ import annotations

import sys
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, UserString
from enum import Enum
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    NoneType,
    SimpleNamespace,
)
from typing import Any, Final
from uuid import UUID

from services.data_store.pickles.inherited import giver, is_a, method
from services.data_store.pickles.places import is_own
from services.data_store.pickles.plain_types import is_plain
from services.data_store.pickles.refusals import require

# What a row can name and others use too: it may be part of a value, but reading one must not change it.
_SHARED: Final = (type, Enum, FunctionType, BuiltinFunctionType)
# Those plain types that are pickled with attributes.
_OPEN: Final = frozenset({ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, SimpleNamespace})
_CONTAINERS: Final = frozenset({NoneType, bool, int, float, str, bytes, tuple, list, dict})


def give_state(target: object, state: object) -> None:
    """Do what BUILD says: give `target` its `state`. Raises Refused, and what `__setstate__` of its class raises."""
    require(not is_a(target, _SHARED), target)
    for part in _parts(state):
        require(type(part) is not dict or not any(map(callable, part.values())), target)
    setter = giver(type(target), "__setstate__")
    if setter is object:
        require(not is_plain(type(target)) or type(target) in _OPEN, target)
        attributes, slots = _parts(state)
        for name, value in _named(target, attributes):
            _set(target, name, value)
        for name, value in _named(target, slots):
            _set_slot(target, name, value)
    elif setter is BaseException:
        for name, value in _named(target, state):
            _set_of_error(target, name, value)
    else:
        require(is_own(setter.__module__) or _is_harmless(setter, state), target)
        method(target, "__setstate__")(state)


def may_hold(target: object, item: object) -> bool:
    """Whether `target` may have `item` under a key: one that answers with its items for attributes has data only."""
    if type(target) is dict or not callable(item):
        return True
    return all(is_plain(giver(type(target), name)) for name in ("__getattr__", "__getattribute__"))


def _parts(state: object) -> tuple[Any, ...]:
    """What is for the attributes, and what for the slots."""
    return state if type(state) is tuple and len(state) == 2 else (state, None)


def _is_harmless(setter: type, state: object) -> bool:
    """Whether a library's `__setstate__` gets what it was written for, and cannot ask an object of a row's making."""
    if setter is UUID:
        return type(state) is dict and all(type(part) is int for part in state.values())
    return type(state) in _CONTAINERS


def _named(target: object, values: Any) -> list[tuple[str, Any]]:
    """The attributes and what they are to be, if they are none of Python's own nor of a plain type's."""
    if values is None:
        return []
    require(type(values) is dict, target)
    require(all(type(name) is str and _is_free(target, name) for name in values), target)
    return list(values.items())


def _is_free(target: object, name: str) -> bool:
    """Whether `name` is none of Python's own names, and nothing that a plain type's code relies on."""
    if name.startswith("__") and name.endswith("__"):
        return name == "__notes__" and is_a(target, BaseException)
    taken = [vars(base)[name] for base in type(target).__mro__ if is_plain(base) and name in vars(base)]
    # A list with an attribute `count` is fine, a path whose `parser` is another is not.
    return not taken or is_a(target, BaseException) or (not name.startswith("_") and all(map(callable, taken)))


def _set(target: object, name: str, value: object) -> None:
    """Set an attribute in the dictionary that Python made for the object, whatever its class makes of the name."""
    for base in type(target).__mro__:
        found: Any = vars(base).get("__dict__")
        if type(found) in {GetSetDescriptorType, MemberDescriptorType}:
            found.__get__(target)[sys.intern(name)] = value
            return
    require(fulfilled=False, what=target)


def _set_slot(target: object, name: str, value: object) -> None:
    """Set what was a slot, and may be an attribute by now."""
    place = vars(giver(type(target), name)).get(name)
    if type(place) is MemberDescriptorType:
        place.__set__(target, value)
    else:
        require(not hasattr(type(place), "__set__"), target)
        _set(target, name, value)


def _set_of_error(target: object, name: str, value: object) -> None:
    """Set an attribute of an exception; Python keeps some of its own in slots, and pickles `args` again."""
    if name == "args":
        require(type(value) is tuple, target)
        vars(BaseException)["args"].__set__(target, value)
    elif is_plain(giver(type(target), name)) and name in vars(giver(type(target), name)):
        _set_slot(target, name, value)
    else:
        _set(target, name, value)
