"""Rows that somebody else may have written to make the bot act, for all tests that read rows. Nothing runs here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.malicious_victim import VICTIM

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "DROP",
    "VICTIM",
    "V",
    "answering",
    "called",
    "changing",
    "harmless",
    "made",
    "named",
    "row",
    "text",
    "touching",
]


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
        "a slot with a property": row(made(named(V, "Guided")) + b"N}" + text("path") + text("evil") + b"s\x86b"),
        "the class of an exception": row(
            called(named(V, "Failure")) + b"}" + text("__class__") + named(V, "Crash") + b"sb"
        ),
        "the class of an object": row(made(settings) + b"N}" + text("__class__") + named(V, "Sink") + b"s\x86b"),
        "slots that are no dict": row(made(settings) + b"N" + settings + b"\x86b"),
        "an item for a class": row(named(V, "Colour") + text("RED") + b"Ns"),
        "an element for a class": row(settings + b"Na"),
    }


def answering() -> dict[str, bytes]:
    """Rows whose objects would answer with a class of the row's choice, or act, where the library asks them."""
    settings, runs, trap, odd = (named(V, name) for name in ("Settings", "Runs", "Trap", "Odd"))
    space, ordered = named("types", "SimpleNamespace"), named("collections", "OrderedDict")
    items, elements, job = made(named(V, "AttrDict")), made(named(V, "AttrList")), named(V, "Job")

    def having(target: bytes, **attributes: bytes) -> bytes:
        return target + b"}(" + b"".join(text(name) + value for name, value in attributes.items()) + b"ub"

    def slots(target: bytes, **attributes: bytes) -> bytes:
        return target + b"N}(" + b"".join(text(name) + value for name, value in attributes.items()) + b"u\x86b"

    def key(value: bytes) -> bytes:
        return b"}" + value + b"Ns"

    answers, acts, lock = having(made(settings), keys=trap), made(odd), having(made(settings), acquire=trap)
    way, ratio = called(named(V, "Way"), text("a")), called(named(V, "Ratio"), b"K\x01", b"K\x02")
    network = called(named("ipaddress", "IPv4Network"), text("10.0.0.0/8"))
    state = b"}" + text("x") + named(V, "Settings") + b"s"
    asking = {
        "collections": ("OrderedDict", "Counter", "deque", "defaultdict", "UserDict"),
        "builtins": ("set", "frozenset", "bytearray", "complex", "range", "OSError", "SyntaxError", "dict", "list"),
        "pathlib": ("PurePosixPath", "PureWindowsPath", "PosixPath"),
        "fractions": ("Fraction",),
        "decimal": ("Decimal",),
        "datetime": ("timedelta", "date", "datetime", "timezone"),
        "ipaddress": ("IPv4Address", "IPv4Network", "IPv6Interface"),
        "time": ("struct_time",),
        "zoneinfo": ("ZoneInfo",),
        "http": ("HTTPStatus",),
        V: ("Way", "Ratio", "Ledger", "Tally", "Words"),
    }
    calls = [(module, name) for module, names in asking.items() for name in names]
    return {
        **{f"a call of {name} with what acts": row(called(named(module, name), acts)) for module, name in calls},
        **{f"a call of {name} with what answers": row(called(named(module, name), answers)) for module, name in calls},
        **{
            f"NEWOBJ of {name} with what acts": row(made(named(module, name), acts))
            for module, name in (
                ("builtins", "str"), ("builtins", "int"), ("builtins", "bytes"), ("builtins", "tuple"), (V, "Name"),
                (V, "Count"), (V, "Members"), (V, "Ratio"), (V, "Missing"), ("fractions", "Fraction"),
            )
        },
        "a factory that is no class": row(called(named("collections", "defaultdict"), made(named(V, "Callable_")))),
        "two arguments for defaultdict": row(called(named("collections", "defaultdict"), b"N", answers)),
        "a subclass of OSError": row(called(named(V, "Missing"), acts, acts)),
        "a date with what acts": row(called(named("datetime", "date"), b"K\x01", b"K\x01", acts)),
        "NEWOBJ_EX of str": row(named("builtins", "str") + b")}" + text("object") + acts + b"s\x92"),
        "re._compile with what acts": row(called(named("re", "_compile"), text("x"), acts)),
        "an array of what acts": row(called(named("array", "_array_reconstructor"), named("array", "array"), acts)),
        "an item __setstate__": row(items + text("__setstate__") + runs + b"s" + state + b"b"),
        "an item __setstate__ that is a program": row(items + text("__setstate__") + job + b"s" + state + b"b"),
        "an item for any attribute": row(items + text("strip") + trap + b"s"),
        "items for any attribute": row(items + b"(" + text("strip") + trap + b"u"),
        "append that is asked for": row(having(elements, append=trap) + b"Na"),
        "extend that is asked for": row(having(elements, extend=trap) + b"(Ne"),
        "keys of a namespace": row(called(ordered, having(called(space), keys=trap))),
        "keys in a slot": row(slots(made(settings), keys=trap)),
        "a namespace that can be called": row(having(called(space), strip=trap)),
        "a callable object as an attribute": row(having(made(settings), strip=made(named(V, "Callable_")))),
        "a state for __setstate__ that can be called": row(having(made(named(V, "Stateful")), all=trap)),
        "a name that is not a text": row(having(made(named(V, "Shelf")), name=having(made(settings), strip=trap))),
        "a lock that acts": row(
            having(made(job), _child_created=b"\x88", returncode=b"N", _waitpid_lock=lock) + DROP
        ),
        "a parser for a path": row(key(having(way, parser=acts, _flavour=acts))),
        "slots of a path": row(key(slots(way, _str=acts, _cparts=acts, _str_normcase_cached=acts))),
        "slots of a fraction": row(key(slots(ratio, _numerator=acts))),
        "slots of a plain path": row(slots(called(named("pathlib", "PurePosixPath"), text("a")), _str=acts)),
        "an attribute of a network": row(having(network, netmask=acts)),
        "utcoffset of a time zone": row(key(having(called(named(V, "Zone")), utcoffset=trap))),
        "a state of a UUID": row(having(made(named("uuid", "UUID")), int=acts)),
        "a state of a UUID that is no dict": row(made(named("uuid", "UUID")) + items + b"b"),
        "arguments of an exception": row(having(called(named(V, "Failure")), args=acts)),
        "two arguments for an enum": row(called(named(V, "Colour"), text("X"), text("RED"))),
        "NEWOBJ of an enum": row(made(named(V, "Colour"), b"K\x01")),
    }  # fmt: skip


def harmless(mark: Path) -> dict[str, bytes]:
    """Rows that are read, as what they would have done is no part of reading them."""
    path = text(mark)
    return {
        "a slot for __setattr__": row(made(named(V, "Watchful")) + b"N}" + text("x") + path + b"s\x86b"),
        "an attribute of an exception": row(called(named(V, "Crash")) + b"}" + text("path") + path + b"sb"),
        "an attribute with a property": row(made(named(V, "Guided")) + b"}" + text("path") + path + b"sb"),
    }
