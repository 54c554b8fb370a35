"""The plain types of Python's library: what any row may make, whoever wrote it. Modules' classes are `places`'s matter.

Nothing here calls what it is given, looks up what it is told by name, or opens a file of the row's choice. Where
pickling a harmless value names a function that could do more (`getattr`, `type`), a row gets a stand-in instead.
"""

from __future__ import annotations

import array
import builtins
import re
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from services.data_store.pickles.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import UnionType

_NAMES: Final = {
    "array": "array",
    "builtins": (
        "Ellipsis NotImplemented bool bytearray bytes complex dict float frozenset int list object range set slice str "
        "tuple"
    ),
    "collections": "ChainMap Counter OrderedDict UserDict UserList UserString defaultdict deque",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "Decimal DecimalTuple",
    "fractions": "Fraction",
    "http": "HTTPMethod HTTPStatus",
    "ipaddress": "IPv4Address IPv4Interface IPv4Network IPv6Address IPv6Interface IPv6Network",
    "pathlib": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    "re": "RegexFlag",
    "time": "struct_time",
    "types": "SimpleNamespace",
    "uuid": "SafeUUID UUID",
    "zoneinfo": "ZoneInfo",
}
# Where one release of Python pickles a class under a name that the others do not have: the module they all have.
_PUBLIC: Final = {"pathlib._local": "pathlib"}


def public(module: str) -> str:
    """The module in which every release of Python has what one of them pickles as `module`'s."""
    return _PUBLIC.get(module, module)


def plain_type(module: str, name: str) -> Any:
    """The class, constant or stand-in that a row means by `module` and `name`; raises Refused if there is none."""
    module = public(module)
    if (stand_in := _STAND_INS.get((module, name))) is not None:
        return stand_in
    if name in _NAMES.get(module, "").split() or (module == "builtins" and _is_exception(name)):
        return getattr(import_module(module), name)
    raise Refused(f"{module}.{name}")


def is_plain(found: type) -> bool:
    """Whether a class is one of the library's, in the modules that have plain types."""
    return public(found.__module__) in _NAMES


def _is_exception(name: str) -> bool:
    found = vars(builtins).get(name)
    return isinstance(found, type) and issubclass(found, BaseException)


# --- stand-ins ---------------------------------------------------------------------------------------------------


def _type_of(constant: None) -> type:
    """For `type`: NoneType and the types of the other constants are pickled as `type(None)`."""
    if not any(constant is one for one in (None, Ellipsis, NotImplemented)):
        raise Refused("builtins.type")
    return type(constant)


def _part_of(owner: Any, name: str) -> Any:
    """For `getattr`: members of some enums are pickled as `getattr(Colour, "RED")`, a ZoneInfo by a method."""
    if owner is ZoneInfo and name == "_unpickle":
        return _zone
    if issubclass(type(owner), type) and issubclass(owner, Enum) and name in owner.__members__:
        return owner.__members__[name]
    raise Refused("builtins.getattr")


def _zone(key: str, cached: object) -> ZoneInfo:
    """For `ZoneInfo._unpickle`."""
    return ZoneInfo(key) if cached else ZoneInfo.no_cache(key)


def _pattern(pattern: str | bytes, flags: int) -> re.Pattern[Any]:
    """For `re._compile`."""
    return re.compile(pattern, flags & ~re.DEBUG)  # which prints


def _array(_: type, typecode: str, code: int, data: bytes) -> Any:
    """For `array._array_reconstructor`."""
    return _rebuilt_array(array.array, typecode, code, data)


_rebuilt_array: Final = vars(array)["_array_reconstructor"]
_STAND_INS: Final[dict[tuple[str, str], Callable[..., Any]]] = {
    ("builtins", "type"): _type_of,
    ("builtins", "getattr"): _part_of,
    ("re", "_compile"): _pattern,
    ("array", "_array_reconstructor"): _array,
}
STAND_INS: Final[dict[Callable[..., Any], tuple[tuple[type | UnionType, ...], ...]]] = {
    _type_of: ((object,),),
    _part_of: ((object, str),),
    _zone: ((str, bool | int),),
    _pattern: ((str | bytes, int),),
    _array: ((object, str, int, bytes),),
}
"""Functions that a row may have got from here, the only ones, and the arguments that pickling writes for them."""
