"""Values that every SimpleStore must give back, and pickles of them as each release of Python wrote them.

`python -m tests.pickled_values` writes those of the Python that runs it to tests/data/pickles/.
"""

from __future__ import annotations

import array
import base64
import collections
import datetime as dt
import decimal
import fractions
import http
import ipaddress
import json
import pathlib
import re
import sys
import time
import types
import uuid
import zoneinfo
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "data" / "pickles"

SAMPLE = """
import collections, dataclasses, datetime, decimal, enum, fractions, pathlib, types, typing, uuid

class Colour(enum.Enum):
    RED = 1
    GREEN = (2, "two")

class Mood(enum.StrEnum):
    GOOD = "good"

class Rights(enum.Flag):
    READ = 1
    WRITE = 2

class Level(enum.IntEnum):
    LOW = 1

class Named(enum.Enum):
    ONE = object()
    __reduce_ex__ = enum.pickle_by_enum_name

@dataclasses.dataclass
class Note:
    text: str
    tags: list = dataclasses.field(default_factory=list)

@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int

Pair = collections.namedtuple("Pair", "left right")

class Typed(typing.NamedTuple):
    name: str
    size: int = 0

class Slots:
    __slots__ = ("value", "__dict__")
    def __init__(self, value):
        self.value = value
        self.more = [value]
    def __eq__(self, other):
        return type(self) is type(other) and (self.value, self.more) == (other.value, other.more)
    __hash__ = None

class State:
    def __init__(self, value):
        self.value = value
    def __getstate__(self):
        return {"stored": self.value}
    def __setstate__(self, state):
        self.value = state["stored"]
    def __eq__(self, other):
        return type(self) is type(other) and self.value == other.value
    __hash__ = None

class Rebuilt:
    def __init__(self, value, factor):
        self.value, self.factor = value, factor
    def __reduce__(self):
        return Rebuilt, (self.value, self.factor)
    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)
    __hash__ = None

class Words(list): pass
class Index(dict): pass
class Bag(set): pass
class Name(str): pass
class Count(int): pass
class Raw(bytes): pass
class Queue(collections.deque): pass
class Tally(collections.Counter): pass

class Ledger(collections.OrderedDict): pass
class Known(collections.defaultdict): pass
class Scopes(collections.ChainMap): pass
class Shelf(collections.UserDict): pass
class Rows(collections.UserList): pass
class Label(collections.UserString): pass
class Space(types.SimpleNamespace): pass
class Few(frozenset): pass
class Buffer(bytearray): pass
class Members(tuple): pass
class Weight(float): pass
class Place(complex): pass
class Day(datetime.date): pass
class Moment(datetime.datetime): pass
class Span(datetime.timedelta): pass
class Money(decimal.Decimal): pass
class Share(fractions.Fraction): pass
class Ticket(uuid.UUID): pass

class Zone(datetime.tzinfo):
    def __init__(self, hours=1):
        self.hours = hours
    def utcoffset(self, moment):
        return datetime.timedelta(hours=self.hours)
    def __eq__(self, other):
        return type(self) is type(other) and self.hours == other.hours
    __hash__ = None

@dataclasses.dataclass(slots=True)
class Corner:
    x: int
    tags: list

class Counted(list):
    def __init__(self, items=()):
        super().__init__(items)
        self.count = len(self)

class Tree(dict):
    def __init__(self, owner, items):
        super().__init__(items)
        self.owner = owner
    def __reduce__(self):
        return Tree, (self.owner, dict(self))

class Sized(str):
    def __new__(cls, text, size):
        made = super().__new__(cls, text)
        made.size = size
        return made
    def __getnewargs__(self):
        return str(self), self.size

class Guided:
    def __init__(self, path):
        self.path = path
    @property
    def path(self):
        return self._path
    @path.setter
    def path(self, path):
        self._path = path
    def __eq__(self, other):
        return type(self) is type(other) and self._path == other._path
    __hash__ = None

class Trouble(Exception):
    def __init__(self, code, text):
        super().__init__(code, text)
        self.code = code

class Outer:
    class Inner:
        def __eq__(self, other):
            return type(self) is type(other)
        __hash__ = None
"""


@contextmanager
def loaded(name: str, source: str) -> Iterator[Any]:
    """Let `modules.<name>` be a module with this code, as the loader would have imported it."""
    whole = f"modules.{name}"
    module = types.ModuleType(whole)
    before = sys.modules.get(whole)
    sys.modules[whole] = module
    try:
        exec(source, vars(module))
        yield module
    finally:
        del sys.modules[whole]
        if before is not None:
            sys.modules[whole] = before


def plain_values() -> dict[str, Any]:
    """Values that need no class."""
    return {
        "none": None, "true": True, "zero": 0, "negative": -1, "byte": 255, "short": 65_535, "int": 2**31 - 1,
        "long": -(2**63), "huge": 7**4_000, "float": -0.1, "text": "hello", "empty": "", "chinese": "你好，世界" * 20,
        "newlines": "c\nos\nsystem\n(S'x'\ntR.", "long text": "i" * 70_000, "half": "\ud800", "bytes": b"\x93R." * 40,
        "long bytes": bytes(70_000), "bytearray": bytearray(b"abc"), "list": [1, [2, [3]]], "tuples": ((), (1,), (1, 2),
        (1, 2, 3), (1, 2, 3, 4)), "dict": {"a": 1, 2: {}, None: [()]}, "sets": [{1, 2}, frozenset({3}), set()],
        "many": list(range(3_000)), "wide": {str(n): n / 3 for n in range(2_500)},
    }  # fmt: skip


def library_values() -> dict[str, Any]:
    """Values of the plain types of Python's library."""
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    moment = dt.datetime(2024, 10, 27, 2, 30, 1, 5, fold=1)
    return {
        "date": dt.date(2024, 2, 29), "time": dt.time(1, 2, 3, tzinfo=dt.UTC), "naive": moment, "utc": moment.replace(
        tzinfo=dt.UTC), "offset": moment.replace(tzinfo=dt.timezone(dt.timedelta(hours=-3), "X")), "zone": berlin,
        "zoned": moment.replace(tzinfo=berlin),
        "delta": dt.timedelta(-1, 5), "decimal": decimal.Decimal("1.50"),
        "digits": decimal.Decimal("-1.5").as_tuple(), "fraction": fractions.Fraction(1, 3), "uuid": uuid.UUID(int=5),
        "status": http.HTTPStatus.NOT_FOUND, "ordered": collections.OrderedDict(b=1, a=2), "counter":
        collections.Counter("abca"), "default": collections.defaultdict(list, {"a": [1]}), "deque": collections.deque(
        [1, 2], 5), "chain": collections.ChainMap({"a": 1}, {"b": 2}), "userdict": collections.UserDict(a=1),
        "userlist": collections.UserList([1]), "userstring": collections.UserString("x"),
        "path": pathlib.Path("/a/b"), "posix": pathlib.PurePosixPath("a"), "windows": pathlib.PureWindowsPath("c:/a"),
        "pattern": re.compile(r"a(?P<x>b)", re.IGNORECASE), "bytes pattern": re.compile(b"x"), "flags": re.I | re.M,
        "ip": [ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_interface("1.2.3.4/8")],
        "array": array.array("d", [1.5]),
        "space": types.SimpleNamespace(a=[1]), "struct_time": time.struct_time(range(9)), "complex": 1 + 2j,
        "range": range(1, 9, 2), "slice": slice(1, None), "constants": [..., NotImplemented], "types": [type(None), int,
        dt.date], "safe": uuid.SafeUUID.safe,
    }  # fmt: skip


def own_values(sample: Any) -> dict[str, Any]:
    """Values of the classes of the module `modules.sample`."""
    return {
        "enum": [sample.Colour.RED, sample.Colour.GREEN], "strenum": sample.Mood.GOOD, "flag": sample.Rights.READ |
        sample.Rights.WRITE, "intenum": sample.Level.LOW, "named": sample.Named.ONE, "note": sample.Note("x", ["y"]),
        "point": sample.Point(1, 2), "pair": sample.Pair(1, [2]), "typed": sample.Typed("n", 3), "slots":
        sample.Slots(4), "state": sample.State(5), "rebuilt": sample.Rebuilt(6, 7), "words": sample.Words("ab"),
        "index": sample.Index(a=1), "bag": sample.Bag({1}), "name": sample.Name("n"), "count": sample.Count(8), "raw":
        sample.Raw(b"r"), "queue": sample.Queue([1, 2]), "tally": sample.Tally("aab"), "inner": sample.Outer.Inner(),
        "class": sample.Note, "by class": {sample.Point(0, 0): sample.Colour.RED},
        "ledger": sample.Ledger(a=1), "known": sample.Known(list, a=[1]), "scopes": sample.Scopes({"a": 1}), "shelf":
        sample.Shelf(a=1), "rows": sample.Rows([1]), "label": sample.Label("x"), "own space": sample.Space(a=1), "few":
        sample.Few({1}), "buffer": sample.Buffer(b"b"), "members": sample.Members((1, [2])), "weight":
        sample.Weight(1.5), "place": sample.Place(1, 2), "day": sample.Day(2024, 2, 29), "moment": sample.Moment(2024,
        2, 29, tzinfo=sample.Zone(2)), "span": sample.Span(1, 2, 3), "money": sample.Money("1.5"), "share":
        sample.Share(1, 3), "ticket": sample.Ticket(int=6), "own zone": sample.Zone(3), "corner": sample.Corner(1, [2]),
        "counted": sample.Counted([1, 2]), "tree": sample.Tree(sample.Note("o"), {"a": 1}), "sized":
        sample.Sized("s", 9), "guided": sample.Guided("/a"), "scoped ip": [ipaddress.ip_address("fe80::1%a"),
        ipaddress.ip_interface("::1%b/64")], "paths": [pathlib.Path("/a", "b/c"), pathlib.PureWindowsPath("c:/a", "b")],
        "methods": list(http.HTTPMethod)[:2],
        "nested": collections.defaultdict(sample.Words, {"k": sample.Words([sample.Note("in", [sample.Point(3, 4)])])}),
    }  # fmt: skip


def all_values(sample: Any) -> dict[str, Any]:
    """Every value, by a name that stays."""
    return plain_values() | library_values() | own_values(sample)


def main() -> None:
    """Write the pickles of this Python."""
    from services.data_store.pickles import pickled

    FOLDER.mkdir(exist_ok=True)
    with loaded("sample", SAMPLE) as sample:
        stored = {name: base64.b64encode(pickled(name, value)).decode() for name, value in all_values(sample).items()}
    kept = {name: text for name, text in stored.items() if len(text) < 5_000}
    path = FOLDER / f"{sys.version_info.major}.{sys.version_info.minor}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
