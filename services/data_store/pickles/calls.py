"""What a row may call, and with what. It may call what is pickled as a call, with arguments as pickling writes them.

The constructors of plain types ask what they are given for `keys`, `items`, `__iter__` and more, and that can be what a
row has put there. So they get texts, numbers and Python's own containers only, by the forms below. What a class of a
module does with its arguments is its author's.
"""

from __future__ import annotations

import copyreg
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, defaultdict, deque
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal, DecimalTuple
from enum import Enum
from fractions import Fraction
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import PurePath
from time import struct_time
from types import FunctionType, NoneType, SimpleNamespace, UnionType
from typing import Any, Final, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from services.data_store.pickles.inherited import giver, is_a, is_from_library
from services.data_store.pickles.plain_types import STAND_INS, is_plain

_Form = tuple[type | UnionType, ...]
# The arguments that each is called with, also in older releases. `object` stands for anything, `type` for a class or
# None, `tzinfo` also for a class of a module, any other for itself. A class of a module goes by its first base in here.
_FORMS: Final[dict[Any, tuple[_Form, ...]]] = {
    int: ((int,),),
    float: ((float,),),
    complex: ((float, float),),
    str: ((str,),),
    bytes: ((bytes,),),
    bytearray: ((), (bytes,)),
    tuple: ((tuple,),),
    list: ((), (list,)),
    dict: ((), (dict,)),
    set: ((), (list,)),
    frozenset: ((), (list,)),
    range: ((int, int, int),),
    slice: ((object, object, object),),
    Counter: ((), (dict,)),
    OrderedDict: ((), (dict,)),
    defaultdict: ((), (type,)),
    deque: ((), (tuple | list,), (tuple | list, int | NoneType)),
    ChainMap: ((),),
    UserDict: ((), (dict,)),
    UserList: ((), (list,)),
    UserString: ((str,),),
    SimpleNamespace: ((),),
    date: ((bytes,),),
    datetime: ((bytes,), (bytes, tzinfo)),
    time: ((bytes,), (bytes, tzinfo)),
    timedelta: ((int, int, int),),
    timezone: ((timedelta,), (timedelta, str)),
    Decimal: ((str,),),
    DecimalTuple: ((int, tuple, int | str),),
    Fraction: ((str,), (int, int)),
    UUID: ((str,),),
    struct_time: ((tuple,), (tuple, dict)),
    **dict.fromkeys(
        (IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network), ((int | str,),)
    ),
    ZoneInfo: (),
    BaseExceptionGroup: ((str, list | tuple),),
    **STAND_INS,
}
# The constructors of these look into what they are given; those of other exceptions keep it as it is.
_CURIOUS: Final = (OSError, UnicodeError, SyntaxError)
_INERT: Final = frozenset({NoneType, bool, int, float, str, bytes, tuple})
# `__new__` of these leaves the arguments to `__init__`.
_FILLED_LATER: Final = (list, dict, set, bytearray, deque, SimpleNamespace, BaseException)


def may_call(called: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether there are values that are pickled as this call: of one of our stand-ins, or of their own class."""
    if not is_a(called, type):
        return type(called) is FunctionType and called in STAND_INS and _are_as_written(called, arguments)
    if issubclass(called, Enum):
        return len(arguments) == 1 and (not is_plain(called) or type(arguments[0]) in {int, str})
    if not (called in copyreg.dispatch_table or _pickles_itself(called)):
        return False
    return not _reach_library(called) or _are_as_written(called, arguments)


def may_make(made: Any, arguments: tuple[Any, ...], named: dict[Any, Any]) -> bool:
    """Whether there are values that are pickled as `__new__` of the class `made` with this."""
    if not is_a(made, type) or issubclass(made, Enum):
        return False
    if not is_from_library(made, "__new__"):
        return True
    return not named and _are_as_written(made, arguments)


def _pickles_itself(called: type) -> bool:
    return any(giver(called, name) is not object for name in ("__reduce_ex__", "__reduce__"))


def _reach_library(called: type) -> bool:
    """Whether the arguments of a call of the class are for a plain type, or were written by one."""
    if any(is_from_library(called, name) for name in ("__reduce_ex__", "__reduce__", "__init__")):
        return True
    return is_from_library(called, "__new__") and (
        not issubclass(called, _FILLED_LATER) or issubclass(called, BaseExceptionGroup)
    )


def _are_as_written(called: Any, arguments: tuple[Any, ...]) -> bool:
    bases = called.__mro__ if is_a(called, type) else (called,)
    forms = next((_FORMS[base] for base in bases if base in _FORMS), None)
    if forms is not None:
        return any(len(form) == len(arguments) and all(map(_is, arguments, form)) for form in forms)
    if issubclass(called, PurePath):
        return all(type(argument) is str for argument in arguments)
    if issubclass(called, _CURIOUS):
        return all(type(one) in _INERT or (is_a(one, PurePath) and is_plain(type(one))) for one in arguments)
    return issubclass(called, BaseException | tzinfo)


def _is(argument: object, kind: type | UnionType) -> bool:
    if kind is object:
        return True
    if kind is type:
        return argument is None or is_a(argument, type)
    return is_a(argument, tzinfo) if kind is tzinfo else type(argument) in (get_args(kind) or (kind,))
