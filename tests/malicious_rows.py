"""Rows that somebody else may have written to make the bot act, for all tests that read rows. Nothing runs here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

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
    def __init__(self, *given, **named):
        for path in (*given, *named.values()):
            for part in path if isinstance(path, list) else [path]:
                if isinstance(part, str):
                    Path(part).touch()

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

class Stateful:
    def __setstate__(self, state):
        self.__dict__.update(state["all"])

class Words(list):
    pass

class Failure(Exception):
    pass

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

    def stateful(name: str) -> bytes:
        return made(named(V, "Stateful")) + b"}" + text("all") + b"}" + text(name) + runs + b"ssb"

    shell, path = text(f"touch '{mark}'"), text(mark)
    code = text(f"open({str(mark)!r}, 'w').close()")
    old = f"touch '{mark}'".encode()
    system, getattr_, touch = named("os", "system"), named("builtins", "getattr"), named(V, "touch")
    words, space = named(V, "Words"), named("types", "SimpleNamespace")
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
        "APPEND to what has another append": row(
            made(words) + b"}" + text("append") + runs + b"sb" + path + b"a"
        ),
        "APPENDS to what has another extend": row(
            made(words) + b"}" + text("extend") + runs + b"sb(" + path + b"e"
        ),
        "BUILD of what got another __setstate__": row(
            made(named(V, "Settings")) + b"}" + text("__setstate__") + runs + b"sb" + path + b"b"
        ),
        "the same of an exception": row(
            called(named(V, "Failure")) + b"}" + text("__setstate__") + runs + b"sb" + path + b"b"
        ),
        "the same by slots": row(
            made(named(V, "Settings")) + b"N}" + text("__setstate__") + runs + b"s\x86b" + path + b"b"
        ),
        "the same of the library": row(
            called(space) + b"}" + text("__setstate__") + runs + b"sb" + path + b"b"
        ),
        "BUILD of what its class gave another __setstate__": row(stateful("__setstate__") + path + b"b"),
        "NEWOBJ of what its class gave another __new__": row(stateful("__new__") + path + b"\x85\x81"),
        "NEWOBJ_EX of what its class gave another __new__": row(
            stateful("__new__") + b")}" + text("x") + path + b"s\x92"
        ),
        "a state that is no dict": row(
            made(named(V, "Settings")) + called(space) + b"}" + text("items") + runs + b"sbb"
        ),
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
