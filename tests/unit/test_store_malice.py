"""A row that somebody else wrote runs nothing: every known way to make a pickle act, and what is left of it.

Each row would create the file whose path it names, or change what other code relies on. None may; each is refused, or
read as the harmless value that it is.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import pickletools
import sys
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
from tests.pickled_values import loaded

if TYPE_CHECKING:
    from collections.abc import Iterator

VICTIM = '''
import enum, os, subprocess
from os import system
from pathlib import Path

class Colour(enum.Enum):
    RED = 1

class Settings:
    admins = ("owner",)
    command = "true"

class Runs:
    """Acts when it is constructed; objects of it are pickled without that."""
    def __init__(self, path):
        Path(path).touch()

class Job(subprocess.Popen):
    pass

class Callable_:
    def __call__(self, path):
        Path(path).touch()

class Sink:
    def append(self, path):
        Path(path).touch()
    extend = append
    add = append
    def __setitem__(self, key, path):
        Path(path).touch()

class Slotted:
    __slots__ = ("value",)

class Meta(type):
    def __call__(cls, path):
        Path(path).touch()

def touch(path):
    Path(path).touch()

def __getattr__(name):
    touch(Settings.trap)
    raise AttributeError(name)
'''


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


# --- pickles, opcode by opcode --------------------------------------------------------------------------------------


def text(value: object) -> bytes:
    raw = str(value).encode()
    return b"X" + len(raw).to_bytes(4, "little") + raw


def named(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def called(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"tR"


def made(module_class: bytes, *arguments: bytes) -> bytes:
    return module_class + b"(" + b"".join(arguments) + b"t\x81"


def row(body: bytes) -> bytes:
    return b"\x80\x05" + body + b"."


V = "modules.victim"
DROP = b"0N"


def touching(mark: Path) -> dict[str, bytes]:
    """Rows that would touch `mark`."""
    shell, path = text(f"touch '{mark}'"), text(mark)
    code = text(f"open({str(mark)!r}, 'w').close()")
    old = f"touch '{mark}'".encode()
    system, getattr_, touch = named("os", "system"), named("builtins", "getattr"), named(V, "touch")
    runs, red = named(V, "Runs"), called(named(V, "Colour"), b"K\x01")
    command, directory = b"](" + text("touch") + path + b"e", named("pathlib", "Path")
    return {
        "STACK_GLOBAL": row(called(system, shell)),
        "its C module": row(called(named("posix", "system"), shell)),
        "names from the memo": row(text("os") + b"\x94" + text("system") + b"\x9400h\x00h\x01\x93" + shell + b"\x85R"),
        "GLOBAL": row(b"cos\nsystem\n" + shell + b"\x85R"),
        "GLOBAL below a text": row(text("hello") + b"0cos\nsystem\n" + shell + b"\x85R"),
        "INST": row(b"(" + shell + b"ios\nsystem\n"),
        "OBJ": row(b"(" + system + shell + b"o"),
        "OBJ of GLOBAL": row(b"(cos\nsystem\n" + shell + b"o"),
        "protocol 0": b"cos\nsystem\n(S'" + old.replace(b"'", b'"') + b"'\ntR.",
        "protocol 2": b"\x80\x02cos\nsystem\n" + shell + b"\x85R.",
        "two protocols": row(b"\x80\x00cos\nsystem\n" + shell + b"\x85R"),
        "frames": row(b"\x95" + (3).to_bytes(8, "little") + called(system, shell)),
        "a frame too long": row(b"\x95" + (1 << 40).to_bytes(8, "little") + called(system, shell)),
        "after POP": row(b"N0" + called(system, shell)),
        "after the first STOP": row(b"N.") + called(system, shell) + b".",
        "dropped again": row(called(system, shell) + DROP),
        "an element of a list": row(b"](" + called(system, shell) + b"K\x01e"),
        "a key of a dict": row(b"}" + called(system, shell) + b"Ns"),
        "NEWOBJ": row(made(system, shell)),
        "NEWOBJ_EX": row(system + shell + b"\x85}\x92"),
        "eval": row(called(named("builtins", "eval"), code)),
        "exec": row(called(named("builtins", "exec"), code)),
        "open": row(called(named("builtins", "open"), path, text("w"))),
        "io.open": row(called(named("_io", "open"), path, text("w"))),
        "__import__": row(called(named("builtins", "__import__"), text("antigravity"))),
        "importlib": row(called(named("importlib", "import_module"), text("antigravity"))),
        "subprocess": row(called(named("subprocess", "check_output"), command)),
        "pty": row(called(named("pty", "spawn"), text("touch"))),
        "runpy": row(called(named("runpy", "run_path"), path)),
        "timeit": row(called(named("timeit", "timeit"), code)),
        "pickle.loads": row(called(named("pickle", "loads"), b"C" + bytes([len(old) + 15]) + b"cos\nsystem\nS'" + old)),
        "marshal": row(called(named("marshal", "loads"), b"C\x01N")),
        "functools.partial": row(called(called(named("functools", "partial"), system, shell))),
        "operator": row(called(called(named("operator", "methodcaller"), text("touch")), path)),
        "map": row(called(named("builtins", "list"), called(named("builtins", "map"), system, b"](" + shell + b"e"))),
        "copyreg": row(called(named("copyreg", "__newobj__"), runs, path)),
        "copyreg._reconstructor": row(called(named("copyreg", "_reconstructor"), runs, path, path)),
        "codecs": row(called(named("_codecs", "encode"), shell, text("utf-8")) + DROP + called(system, shell)),
        "our own reader": row(called(named("services.data_store.pickles.values", "unpickled"), path)),
        "our own finder": row(called(named("services.data_store.pickles.plain_types", "import_module"), text("this"))),
        "a dotted name": row(called(named("pathlib", "os.system"), shell)),
        "a method by a dotted name": row(called(named("pathlib", "Path.touch"), called(directory, path))),
        "a dotted name in a module": row(called(named(V, "os.system"), shell)),
        "a dotted name in a class": row(called(named(V, "Runs.__init__.__globals__"), path)),
        "what a module imported": row(called(named(V, "system"), shell)),
        "a class that a module imported": row(called(named(V, "subprocess.Popen"), command)),
        "a function of a module": row(called(touch, path)),
        "a method of a module's class": row(called(named(V, "Runs.__init__"), b"N", path)),
        "an attribute that is made when asked": row(named(V, "anything")),
        "the package itself": row(called(named("modules", "victim.touch"), path)),
        "getattr": row(called(called(getattr_, red, text("__class__")), path)),
        "getattr of a module": row(called(called(getattr_, named(V, "os"), text("system")), shell)),
        "getattr of a class": row(called(called(getattr_, directory, text("touch")), path)),
        "getattr of an enum": row(called(called(getattr_, named(V, "Colour"), text("__init_subclass__")))),
        "getattr of our stand-in": row(called(called(getattr_, getattr_, text("__globals__")), path)),
        "type with three arguments": row(
            called(called(named("builtins", "type"), text("X"), runs + b"\x85", b"}"), path)
        ),
        "type of a class": row(called(called(named("builtins", "type"), runs), text("X"), b")", b"}")),
        "NEWOBJ of type": row(made(named("builtins", "type"), text("X"), runs + b"\x85", b"}")),
        "the constructor of a module's class": row(called(runs, path)),
        "the constructor of a process": row(called(named(V, "Job"), command)),
        "a metaclass": row(called(made(named(V, "Meta"), text("X"), b")", b"}"), path)),
        "a callable object": row(called(made(named(V, "Callable_")), path)),
        "APPEND": row(made(named(V, "Sink")) + path + b"a"),
        "APPENDS": row(made(named(V, "Sink")) + b"(" + path + b"e"),
        "SETITEM": row(made(named(V, "Sink")) + b"N" + path + b"s"),
        "SETITEMS": row(made(named(V, "Sink")) + b"(N" + path + b"u"),
        "ADDITEMS": row(made(named(V, "Sink")) + b"(" + path + b"\x90"),
        "REDUCE without a tuple": row(runs + b"](" + path + b"eR"),
        "NEWOBJ without a tuple": row(named(V, "Slotted") + b"](" + path + b"e\x81"),
        "NEWOBJ_EX without a dict": row(named(V, "Slotted") + b")" + path + b"\x92"),
        "a factory": row(called(called(named("collections", "defaultdict"), touch), path)),
        "an ipaddress of a path": row(called(named("ipaddress", "ip_address"), path)),
        "a file of the library": row(called(named("tempfile", "NamedTemporaryFile"))),
        "webbrowser": row(called(named("webbrowser", "open"), text(f"file://{mark}"))),
        "PERSID": row(b"Pos\n"),
        "BINPERSID": row(text("os") + b"Q"),
        "NEXT_BUFFER": row(b"\x97"),
        "READONLY_BUFFER": row(b"\x97\x98"),
        "a state for a function": row(getattr_ + b"}" + text("x") + path + b"sb"),
    }  # fmt: skip


NAMES = list(touching(Path("mark")))


@pytest.mark.parametrize("name", NAMES)
def test_a_row_of_others_runs_nothing(name, mark):
    data = touching(mark)[name]
    modules = set(sys.modules)
    with pytest.raises(StoreValueError) as error:
        unpickled(data, trusted=False, key="k")
    assert isinstance(error.value, ClassUntrusted | ClassGone | ValueDamaged)
    assert not mark.exists()
    assert not plain(data)
    assert {name for name in set(sys.modules) - modules if name.partition(".")[0] not in {"http", "ipaddress"}} == set()


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


def changing() -> dict[str, bytes]:
    """Rows that would change classes, enums or functions."""
    settings, red = named(V, "Settings"), called(named(V, "Colour"), b"K\x01")
    evil = b"}" + text("admins") + text("evil") + b"s"
    return {
        "a state for a class": row(settings + evil + b"b"),
        "slots for a class": row(settings + b"N" + evil + b"\x86b"),
        "slots for a plain type": row(named("uuid", "UUID") + b"N}" + text("hex") + text("evil") + b"s\x86b"),
        "a state for a member": row(red + b"}" + text("_value_") + text("evil") + b"sb"),
        "slots for a member": row(red + b"N}" + text("_value_") + text("evil") + b"s\x86b"),
        "a state for a stand-in": row(named("builtins", "getattr") + b"}" + text("__wrapped__") + b"Nsb"),
        "slots for a stand-in": row(named("builtins", "getattr") + b"N}" + text("__code__") + b"Ns\x86b"),
        "the class of an object": row(made(settings) + b"N}" + text("__class__") + named(V, "Sink") + b"s\x86b"),
        "slots that are no dict": row(made(settings) + b"N" + settings + b"\x86b"),
        "an item for a class": row(named(V, "Colour") + text("RED") + b"Ns"),
        "an element for a class": row(settings + b"Na"),
    }


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
