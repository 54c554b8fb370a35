"""A row that somebody else wrote runs nothing: every known way to make a pickle act, and what is left of it.

Each row would create the file whose path it names, or change what other code relies on. None may; each is refused, or
read as the harmless value that it is.
"""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import pickletools
import sys
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.exc import ClassGone, ClassUntrusted, StoreValueError, ValueDamaged
from services.data_store.pickles import pickled, plain, unpickled
from services.data_store.pickles.opcodes import well_formed
from tests.malicious_rows import VICTIM, V, answering, called, changing, harmless, made, named, row, text, touching
from tests.pickled_values import loaded

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", autouse=True)
def victim() -> Iterator[Any]:
    with loaded("victim", VICTIM) as module:
        yield module


@pytest.fixture
def mark(tmp_path, victim) -> Path:
    """A file that must not be there after reading."""
    mark = tmp_path / "mark"
    victim.Settings.trap = mark
    return mark


NAMES = [*touching(Path("mark")), *answering()]


@pytest.mark.parametrize("name", NAMES)
def test_a_row_of_others_runs_nothing(name, mark):
    data = (touching(mark) | answering())[name]
    modules = set(sys.modules)
    with pytest.raises(StoreValueError) as error:
        unpickled(data, trusted=False, key="k")
    assert isinstance(error.value, ClassUntrusted | ClassGone | ValueDamaged)
    assert not mark.exists()
    assert not plain(data)
    assert {name for name in set(sys.modules) - modules if name.partition(".")[0] not in {"http", "ipaddress"}} == set()


@pytest.mark.parametrize("name", list(harmless(Path("mark"))))
def test_a_row_of_others_that_is_read_runs_nothing(name, mark):
    unpickled(harmless(mark)[name], trusted=False)
    assert not mark.exists()


@pytest.mark.parametrize(
    "name", ["STACK_GLOBAL", "GLOBAL", "INST", "OBJ", "OBJ of GLOBAL", "protocol 2", "a function of a module", "eval"]
)
def test_the_same_row_does_act_when_nobody_looks(name, mark):
    pickle.loads(touching(mark)[name])
    assert mark.exists()


def test_only_a_trusted_row_may_name_what_is_not_plain(mark):
    unpickled(touching(mark)["STACK_GLOBAL"], trusted=True)
    assert mark.exists()


# --- registered extensions ------------------------------------------------------------------------------------------


@pytest.fixture
def extension() -> Iterator[int]:
    """The code of an extension that brings os.system, as in a program that registered one and has used it."""
    copyreg.add_extension("posix", "system", 200)
    pickle.loads(b"\x80\x02\x82\xc8.")
    yield 200
    copyreg.remove_extension("posix", "system", 200)
    copyreg.clear_extension_cache()


@pytest.mark.parametrize(
    "opcode", [b"\x82\xc8", b"\x83\xc8\x00", b"\x84\xc8\x00\x00\x00"], ids=["EXT1", "EXT2", "EXT4"]
)
@pytest.mark.parametrize("protocol", [b"\x80\x05", b"\x80\x02", b""])
def test_a_registered_extension_brings_nothing(extension, mark, opcode, protocol):
    data = protocol + called(opcode, text(f"touch '{mark}'")) + b"."
    assert not plain(data)
    with pytest.raises(ValueDamaged):
        unpickled(data, trusted=False)
    assert not mark.exists()


# --- rows that would change what others use -------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(changing()))
def test_a_row_of_others_changes_nothing_but_its_own_objects(name, victim):
    hexadecimal = vars(uuid.UUID)["hex"]
    with pytest.raises(StoreValueError):
        unpickled(changing()[name], trusted=False)
    assert victim.Settings.admins == ("owner",)
    assert victim.Colour.RED.value == 1
    assert vars(uuid.UUID)["hex"] is hexadecimal


# --- rows that ask for more than they are ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"Nr\xff\xff\xff\x7f", id="LONG_BINPUT"),
        pytest.param(b"Np4000000000\n", id="PUT"),
        pytest.param(b"\x96" + (1 << 62).to_bytes(8, "little"), id="BYTEARRAY8"),
        pytest.param(b"\x8e" + (1 << 63).to_bytes(8, "little"), id="BINBYTES8"),
        pytest.param(b"\x8d" + (1 << 40).to_bytes(8, "little") + b"x", id="BINUNICODE8"),
        pytest.param(b"X\xff\xff\xff\xff", id="BINUNICODE"),
        pytest.param(b"\x8b\xff\xff\xff\xff", id="LONG4"),
    ],
)
@pytest.mark.parametrize("more", [b"", named("uuid", "UUID") + b"0"], ids=["plain", "with a class"])
def test_a_short_row_gets_no_memory(body, more):
    assert not well_formed(row(more + body))
    with pytest.raises(ValueDamaged):
        unpickled(row(more + body), trusted=False)


# --- plain is certain -----------------------------------------------------------------------------------------------

# What `plain` must never let through, by what Python itself takes a row to be.
ACTING = {
    "GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "EXT1", "EXT2", "EXT4", "REDUCE", "BUILD", "NEWOBJ", "NEWOBJ_EX", "PERSID",
    "BINPERSID", "NEXT_BUFFER", "READONLY_BUFFER",
}  # fmt: skip
# Opcodes and pieces that come near each other, cut at any place.
PIECES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes] + [
    b"\x8c\x02os", b"\x8c\x06system", b"cos\nsystem\n", b"\x8c\x01\x93", b"X\x03\x00\x00\x00abc", b"C\x04\x8c\x02os",
    b"\x95" + bytes(8), b"J\x93\x93\x93\x93", b"G\x82\x83\x84\x93cos\n", "你好\u0493".encode(), b"\x8a\x02\x93c",
]  # fmt: skip
rows = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=12).map(lambda parts: row(b"".join(parts)))


def opcodes(data: bytes) -> set[str]:
    """The opcodes of `data` up to where Python itself gives up."""
    found = set()
    with suppress(ValueError):
        for opcode, _, _ in pickletools.genops(data):
            found.add(opcode.name)
    return found


@given(rows)
def test_what_is_plain_has_no_opcode_that_acts(data):
    if plain(data):
        assert not opcodes(data) & ACTING


class Watching(pickle.Unpickler):
    """C's own reader, which notes what it is asked to find."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.asked: list[str] = []

    def find_class(self, module: str, name: str) -> Any:
        self.asked.append(name)
        raise pickle.UnpicklingError(name)


@given(rows)
def test_the_reader_in_c_finds_no_class_in_what_is_plain(data):
    if plain(data):
        watching = Watching(data)
        with suppress(Exception):
            watching.load()
        assert watching.asked == []


@given(st.recursive(st.text() | st.binary() | st.integers(), st.lists, max_leaves=10), st.data())
def test_a_plain_row_with_a_byte_changed_is_plain_only_without_acting_opcodes(value, data):
    stored = bytearray(pickled("k", value))
    at = data.draw(st.integers(2, len(stored) - 1))
    stored[at] = data.draw(st.sampled_from(b"cio\x93\x82\x83\x84RbPQ\x81\x92\x8cXC\x00\xff."))
    if plain(bytes(stored)):
        assert not opcodes(bytes(stored)) & ACTING


# --- any other row --------------------------------------------------------------------------------------------------

MARK = Path(tempfile.gettempdir()) / f"aha-store-malice-{os.getpid()}"
PLACES = [
    *((V, name) for name in ("Colour", "Settings", "Runs", "Job", "Callable_", "Sink", "Slotted", "Words", "Meta")),
    *((V, name) for name in ("AttrDict", "AttrList", "Guided", "Watchful", "Crash", "Way", "Ledger", "Tally", "Zone")),
    *((V, name) for name in ("Failure", "touch")),
    *(("builtins", name) for name in ("getattr", "type", "list", "dict", "object", "bytearray", "Exception", "eval")),
    ("collections", "defaultdict"), ("collections", "deque"), ("collections", "Counter"), ("pathlib", "PosixPath"),
    ("types", "SimpleNamespace"), ("re", "_compile"), ("zoneinfo", "ZoneInfo"), ("os", "system"), ("uuid", "UUID"),
    ("collections", "OrderedDict"),
]  # fmt: skip
WORDS = [
    MARK, f"touch {MARK}", "touch", "__class__", "__init__", "__setstate__", "append", "extend", "items", "_unpickle",
    "RED", "admins", "command", "keys", "path", "args",
]  # fmt: skip
leaves = st.sampled_from([named(*place) for place in PLACES] + [text(word) for word in WORDS] + [b"N", b"K\x01"])


def acts(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """All that can be done with values: called, constructed, given a state, filled, put into others."""
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda two: called(*two)),
        st.tuples(inner, inner, inner).map(lambda three: called(*three)),
        pair.map(lambda two: made(*two)),
        inner.map(made),
        inner.map(called),
        pair.map(lambda two: two[0] + two[1] + b"b"),
        st.tuples(inner, inner, inner).map(lambda three: three[0] + b"N}" + three[1] + three[2] + b"s\x86b"),
        st.tuples(inner, inner, inner).map(lambda three: three[0] + b"}" + three[1] + three[2] + b"sb"),
        st.tuples(inner, st.sampled_from([b"a", b"Ns", b"R", b"\x81", b"}\x92"]), inner).map(
            lambda parts: parts[0] + parts[2] + parts[1]
        ),
        st.tuples(inner, st.sampled_from([b"e", b"Nu", b"\x90"]), inner).map(
            lambda parts: parts[0] + b"(" + parts[2] + parts[1]
        ),
        pair.map(lambda two: two[0] + b"0" + two[1]),
    )


def classes() -> dict[str, dict[str, Any]]:
    """The module's classes, attribute by attribute."""
    found = {name: value for name, value in vars(sys.modules[V]).items() if isinstance(value, type)}
    return {name: dict(vars(value)) for name, value in found.items()}


@given(st.recursive(leaves, acts, max_leaves=8))
def test_no_row_made_of_such_parts_acts(body):
    before = classes()
    with suppress(StoreValueError):
        unpickled(row(body), trusted=False)
    assert not MARK.exists()
    assert classes() == before
